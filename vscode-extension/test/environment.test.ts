import { access, mkdir, mkdtemp, readFile, rm, stat, utimes, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import * as path from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { type Install, InstallFailed, installed, make, use } from "../src/environment";

let folder = "";

/** A program that makes an "environment" of a copy of itself, and notes what it was asked for. */
const PYTHON = `#!/bin/sh
case "$3" in
  venv) mkdir -p "$4/bin" && cp "$0" "$4/bin/python"; echo "$*" >> ASKED ;;
  pip) sleep 0.3; echo "pip" >> ASKED; [ -e REFUSED ] && echo "no matching distribution" >&2 && exit 1; true ;;
esac
`;

beforeEach(async () => {
  folder = await mkdtemp(path.join(tmpdir(), "assay-"));
  await mkdir(path.join(folder, "bundle"));
  await writeFile(path.join(folder, "bundle", "assay-1.whl"), "wheel");
  const text = PYTHON.replaceAll("ASKED", path.join(folder, "log")).replaceAll("REFUSED", path.join(folder, "refused"));
  await writeFile(path.join(folder, "python"), text, { mode: 0o755 });
});
afterEach(() => rm(folder, { recursive: true, force: true }));

function install(wanted = ""): Install {
  const log = { info: () => undefined, debug: () => undefined, warn: () => undefined } as unknown as Install["log"];
  return { storage: path.join(folder, "storage"), bundle: path.join(folder, "bundle"), wheels: "", python: async () => path.join(folder, "python"), wanted, log };
}

test("two windows that start at once make one environment", async () => {
  const told: string[] = [];
  const [one, other] = await Promise.all([make(install(), () => undefined), make(install(), (step) => told.push(step))]);
  expect(one).toBe(other);
  const log = await readFile(path.join(folder, "log"), "utf8");
  expect(log.match(/venv/g)).toHaveLength(1);
  expect(await installed(install())).toBe(one);
});

test("an environment whose Python is gone is made anew", async () => {
  const python = await make(install(), () => undefined);
  await rm(python);
  expect(await installed(install())).toBeUndefined();
  expect(await make(install(), () => undefined)).toBe(python);
});

test("another Python in the settings makes it anew, and none keeps what is there", async () => {
  await make(install("/usr/bin/python3.11"), () => undefined);
  expect(await installed(install("/usr/bin/python3.12"))).toBeUndefined();
  expect(await installed(install())).toBeDefined();
});

test("an older environment stays as long as a window runs from it, and goes when none has for a week", async () => {
  const old = await make(install(), () => undefined);
  const ready = path.join(path.dirname(path.dirname(old)), ".ready");
  const later = async (version: string, wheel: string): Promise<void> => {
    await rm(path.join(folder, "bundle", version));
    await writeFile(path.join(folder, "bundle", wheel), wheel);
    await make(install(), () => undefined);
  };
  await utimes(ready, 0, 0);
  const using = use(install());
  await expect.poll(async () => (await stat(ready)).mtimeMs).toBeGreaterThan(0);
  using.dispose();
  await later("assay-1.whl", "assay-2.whl");
  await access(old);
  await utimes(ready, 0, 0);
  await later("assay-2.whl", "assay-3.whl");
  await expect(access(old)).rejects.toThrow();
});

test("what pip refuses is told with its last line, and nothing counts as installed", async () => {
  await writeFile(path.join(folder, "refused"), "");
  await expect(make(install(), () => undefined)).rejects.toThrow(/no matching distribution/);
  expect(await installed(install())).toBeUndefined();
});

test("a storage that cannot be written is told at once", async () => {
  await writeFile(path.join(folder, "storage"), "a file");
  await expect(make(install(), () => undefined)).rejects.toThrow();
});

test("an extension without a wheel says what to do", async () => {
  await rm(path.join(folder, "bundle", "assay-1.whl"));
  await expect(make(install(), () => undefined)).rejects.toThrow(InstallFailed);
  await expect(make(install(), () => undefined)).rejects.toThrow(/assay\.path/);
});
