import { expect, test, vi } from "vitest";
import * as vscode from "vscode";
import * as chosen from "../src/chosen";

let path = "/home/me/shop/.venv/bin/python";
let told: () => void = () => undefined;
const environments = {
  getActiveEnvironmentPath: () => ({ path }),
  onDidChangeActiveEnvironmentPath: (listener: () => void) => {
    told = listener;
    return { dispose: () => undefined };
  },
};
const context = { subscriptions: [] } as unknown as vscode.ExtensionContext;
const has = (activate: (() => Promise<unknown>) | undefined): void => {
  Object.assign(vscode.extensions, { getExtension: () => (activate ? { activate } : undefined) });
};

test("what the Python extension has chosen is followed, and told where it changes", async () => {
  has(() => Promise.resolve({ environments }));
  const changed = vi.fn();
  expect(chosen.interpreter()).toBe("");
  await chosen.follow(context, changed);
  expect(chosen.interpreter()).toBe("/home/me/shop/.venv/bin/python");
  told();
  expect(changed).toHaveBeenCalledTimes(1);
  path = "/usr/bin/python3.12";
  told();
  expect(chosen.interpreter()).toBe("/usr/bin/python3.12");
  path = "python"; // the name of a command, which says nothing of where its packages are
  told();
  expect(chosen.interpreter()).toBe("");
  expect(changed).toHaveBeenCalledTimes(3);
});

test("without that extension, or where it fails, nothing is chosen", async () => {
  has(undefined);
  await chosen.follow(context, () => expect.unreachable());
  has(() => Promise.reject(new Error("broken")));
  await chosen.follow(context, () => expect.unreachable());
  expect(chosen.interpreter()).toBe("");
});
