// The interpreter that somebody has chosen for this window in the Python extension: the server runs the project's tests with it, in a container.

import * as vscode from "vscode";

interface Environments {
  getActiveEnvironmentPath?: () => { path?: unknown };
  onDidChangeActiveEnvironmentPath?: (listener: () => void) => vscode.Disposable;
}

let chosen = "";

/** Its path; "" while nobody has chosen one, or that extension is not here. */
export function interpreter(): string {
  return chosen;
}

/** Follow the choice; `changed` is called when it is another than before. The other extension's failure is no failure here. */
export async function follow(context: vscode.ExtensionContext, changed: () => void): Promise<void> {
  try {
    const api: { environments?: Environments } | undefined = await vscode.extensions.getExtension("ms-python.python")?.activate();
    const environments = api?.environments;
    const look = (): void => {
      const path = environments?.getActiveEnvironmentPath?.().path;
      const now = typeof path === "string" && path.startsWith("/") ? path : "";
      if (now !== chosen) {
        chosen = now;
        changed();
      }
    };
    look();
    const listening = environments?.onDidChangeActiveEnvironmentPath?.(look);
    if (listening !== undefined) {
      context.subscriptions.push(listening);
    }
  } catch {
    chosen = "";
  }
}
