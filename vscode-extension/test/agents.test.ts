import { beforeEach, expect, test } from "vitest";
import { definitions, register } from "../src/agents";
import { EventEmitter, lm, workspace } from "./vscode";

const change = new EventEmitter<unknown>();
const programs = (found: string[] | undefined) => ({ program: async () => found, onDidChange: change.event as never });

beforeEach(() => {
  workspace.isTrusted = true;
});

test("the server for agents is the installed one, once it is installed", async () => {
  const [one] = await definitions(programs(["/env/bin/python", "-I", "-m", "assay"]), "1.0.0");
  expect([one?.label, one?.command, one?.args, one?.version]).toEqual(["Assay", "/env/bin/python", ["-I", "-m", "assay", "mcp"], "1.0.0"]);
  expect(await definitions(programs(undefined), "1.0.0")).toEqual([]);
});

test("in a folder that nobody trusts there is none", async () => {
  workspace.isTrusted = false;
  expect(await definitions(programs(["assay"]), "1.0.0")).toEqual([]);
});

test("it is registered under the name of the manifest, and an editor without such servers is left alone", async () => {
  const { default: manifest } = await import("../package.json");
  register(programs(["assay"]), "1.0.0");
  expect(lm.registered.map((one) => one.id)).toEqual(manifest.contributes.mcpServerDefinitionProviders.map((one) => one.id));
  let told = 0;
  lm.registered[0]?.provider.onDidChangeMcpServerDefinitions?.(() => (told += 1));
  change.fire(undefined);
  expect(told).toBe(1);
  const known = lm.registerMcpServerDefinitionProvider;
  lm.registerMcpServerDefinitionProvider = undefined as never;
  register(programs(["assay"]), "1.0.0").dispose();
  lm.registerMcpServerDefinitionProvider = known;
});
