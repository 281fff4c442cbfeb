// `assay …` in a terminal, where it is read and answered, with the settings and the key that the server has.

import * as os from "node:os";
import * as vscode from "vscode";
import { keyEnvironment } from "./models";
import type { Server } from "./server";
import { environment } from "./settings";

/** Run `assay WORDS`, and start the server anew when its terminal is closed: what was missing at its start may be there then. */
export async function run(server: Server, secrets: vscode.SecretStorage, ...words: string[]): Promise<void> {
  const program = await server.program();
  if (program === undefined) {
    const answer = await vscode.window.showWarningMessage("Assay: its server is not installed.", "Install It", "Show the Log");
    if (answer !== undefined) {
      await vscode.commands.executeCommand(answer === "Install It" ? "assay.restart" : "assay.showLog");
    }
    return;
  }
  if (!vscode.workspace.isTrusted) {
    // VS Code opens no terminal here without trust in the folder, and this is no reason to give it.
    const line = [...program, ...words].join(" ");
    if (await vscode.window.showInformationMessage("Assay: do this in a trusted window, or in a terminal of your own.", "Copy the Command")) {
      await vscode.env.clipboard.writeText(line);
    }
    return;
  }
  const [shellPath, ...rest] = program;
  const env = { ...environment(), ...(await keyEnvironment(secrets)) };
  const script = process.platform === "win32" ? undefined : 'status=0; "$@" || status=$?; echo; echo "Enter closes this."; read _; exit $status';
  const started = script
    ? { shellPath: "/bin/sh", shellArgs: ["-c", script, "sh", shellPath ?? "assay", ...rest, ...words] }
    : { shellPath: shellPath ?? "assay", shellArgs: [...rest, ...words] };
  const folder = vscode.workspace.workspaceFolders?.[0];
  const terminal = vscode.window.createTerminal({ name: `Assay: ${words.join(" ")}`, cwd: folder?.uri ?? os.homedir(), env, ...started });
  terminal.show();
  const listener = vscode.window.onDidCloseTerminal((closed) => {
    if (closed === terminal) {
      listener.dispose();
      void server.restart();
    }
  });
}
