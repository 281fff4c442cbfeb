// The server for agents, told to VS Code by itself: its chat and its agents have Assay's tools then. It is another process than the language server, started when an agent first asks.

import * as vscode from "vscode";

export interface Programs {
  /** The program and arguments before a command's name; undefined where nothing is installed. */
  program(): Promise<string[] | undefined>;
  readonly onDidChange: vscode.Event<unknown>;
}

export const ID = "assay.mcp";

/** Register it; in an editor that knows of no such servers nothing is. */
export function register(programs: Programs, version: string): vscode.Disposable {
  const lm = vscode.lm as typeof vscode.lm | undefined;
  if (typeof lm?.registerMcpServerDefinitionProvider !== "function") {
    return { dispose: () => undefined };
  }
  return lm.registerMcpServerDefinitionProvider(ID, {
    onDidChangeMcpServerDefinitions: changed(programs),
    provideMcpServerDefinitions: () => definitions(programs, version),
  });
}

/** What is there: nothing in a folder that nobody trusts, for its tools run what the folder holds, nor before the server is installed. */
export async function definitions(programs: Programs, version: string): Promise<vscode.McpStdioServerDefinition[]> {
  const [command, ...args] = (vscode.workspace.isTrusted && (await programs.program())) || [];
  return command === undefined ? [] : [new vscode.McpStdioServerDefinition("Assay", command, [...args, "mcp"], {}, version)];
}

/** Says so whenever the language server starts or ends: it may have been installed meanwhile. */
function changed(programs: Programs): vscode.Event<void> {
  return (listener, own, disposables) => programs.onDidChange(() => void listener.call(own, undefined), undefined, disposables);
}
