// Other extensions that do what Assay could do as well: it stands down there, and says so once in the log.

import * as vscode from "vscode";

/** Extensions that complete Python names in the popup. */
const NAMES = ["ms-python.vscode-pylance", "ms-pyright.pyright", "detachhead.basedpyright", "astral-sh.ty", "meta.pyrefly", "anysphere.cursorpyright"];

/** The display name of the extension that completes Python names here; undefined where there is none. */
export function ofNames(): string | undefined {
  for (const id of NAMES) {
    const found = vscode.extensions.getExtension(id);
    if (found !== undefined) {
      return String(found.packageJSON?.displayName ?? id);
    }
  }
  const python = vscode.extensions.getExtension("ms-python.python");
  const server = vscode.workspace.getConfiguration("python").get<string>("languageServer", "Default");
  return python !== undefined && server !== "None" ? "Python" : undefined;
}

/** Whether ruff's own extension shows its rules here. */
export function hasRules(): boolean {
  return vscode.extensions.getExtension("charliermarsh.ruff") !== undefined;
}

/** Whether Assay's own names go into the popup, by `assay.popup` and by who else is there. */
export function popup(log: vscode.LogOutputChannel): () => boolean {
  let told: string | undefined;
  return () => {
    const wanted = vscode.workspace.getConfiguration("assay").get<string>("popup", "auto");
    const peer = wanted === "auto" ? ofNames() : undefined;
    if (peer !== undefined && peer !== told) {
      log.info(`Names in the popup are left to ${peer}; \`assay.popup\` changes that.`);
      told = peer;
    }
    return wanted === "on" || (wanted === "auto" && peer === undefined);
  };
}
