// What the server is told: only what somebody set, so that its own file and the environment keep their say.

import * as vscode from "vscode";
import { interpreter } from "./chosen";
import { hasRules } from "./peers";
import { TABLE } from "./table";

/** The server's settings that are set in VS Code, by dotted name; rules are left to ruff's own extension, and in a workspace that is not trusted nothing is run. */
export function forServer(): Record<string, unknown> {
  const configuration = vscode.workspace.getConfiguration("assay");
  const found: Record<string, unknown> = {};
  for (const name of TABLE) {
    const told = configuration.inspect(name);
    const value = told?.workspaceFolderValue ?? told?.workspaceValue ?? told?.globalValue;
    if (value !== undefined) {
      found[name] = value;
    }
  }
  if (found["hints.rules"] === undefined && hasRules()) {
    found["hints.rules"] = false; // ruff's own extension shows them
  }
  if (found["project.interpreter"] === undefined && interpreter() !== "") {
    found["project.interpreter"] = interpreter();
  }
  if (!vscode.workspace.isTrusted) {
    found["verify.policy"] = "static";
  }
  return found;
}

/** The same as environment variables, for `assay` on the command line. */
export function environment(): Record<string, string> {
  const variables = Object.entries(forServer()).map(([name, value]) => [`ASSAY_${name.toUpperCase().replaceAll(".", "_")}`, String(value)]);
  return Object.fromEntries(variables) as Record<string, string>;
}
