// Bundle the extension into one file; nothing of node_modules is packed beside it.
import { build } from "esbuild";

await build({
  entryPoints: ["src/extension.ts"],
  outfile: "out/extension.js",
  bundle: true,
  platform: "node",
  target: "node20",
  format: "cjs",
  external: ["vscode"],
  minify: !process.argv.includes("--readable"),
  sourcemap: false,
  logLevel: "warning",
});
