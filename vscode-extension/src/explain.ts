// A traceback or pytest's output, selected in an editor or copied from a terminal: its cause, its line, and a fix that was checked.

import * as vscode from "vscode";
import { said } from "./said";
import type { Server } from "./server";

interface Explanation {
  cause: string;
  uri: string | null;
  line: number | null;
  fix: { title: string; verdict: { why: string } } | null;
  edit: { changes: Record<string, { range: { start: vscode.Position; end: vscode.Position }; newText: string }[]> } | null;
}

const GO = "Go to the Line";

/** Explain what is selected, else what is in the clipboard. */
export async function explain(server: Server): Promise<void> {
  const editor = vscode.window.activeTextEditor;
  const selected = editor === undefined || editor.selection.isEmpty ? "" : editor.document.getText(editor.selection);
  const text = selected || (await vscode.env.clipboard.readText());
  if (text.trim() === "") {
    void vscode.window.showInformationMessage("Assay: select a traceback or pytest's output, or copy it, and ask again.");
    return;
  }
  const options = { location: vscode.ProgressLocation.Notification, title: "Assay is looking for the cause", cancellable: false };
  const found = await vscode.window.withProgress(options, () => server.command<Explanation>("assay.explain", text));
  if (found === undefined) {
    void vscode.window.showWarningMessage("Assay: the server does not run.");
    return;
  }
  const mend = found.fix === null ? [] : [found.fix.title];
  const picked = await vscode.window.showInformationMessage(said(`Assay: ${found.cause}`), ...(found.uri === null ? [] : [GO]), ...mend);
  if (picked === GO && found.uri !== null) {
    await show(found.uri, found.line ?? 1);
  } else if (picked !== undefined && found.uri !== null && found.edit !== null) {
    await vscode.workspace.applyEdit(edits(found.edit));
    await show(found.uri, found.line ?? 1);
  }
}

async function show(uri: string, line: number): Promise<void> {
  const at = new vscode.Position(line - 1, 0);
  await vscode.window.showTextDocument(vscode.Uri.parse(uri), { selection: new vscode.Range(at, at) });
}

function edits(edit: NonNullable<Explanation["edit"]>): vscode.WorkspaceEdit {
  const made = new vscode.WorkspaceEdit();
  for (const [uri, changes] of Object.entries(edit.changes)) {
    for (const { range, newText } of changes) {
      const { start, end } = range;
      made.replace(vscode.Uri.parse(uri), new vscode.Range(start.line, start.character, end.line, end.character), newText);
    }
  }
  return made;
}
