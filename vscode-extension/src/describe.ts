// Have the model say what a function does, in the hover: the server holds its sentence against the facts.

import * as vscode from "vscode";
import { said } from "./said";
import type { Server } from "./server";

interface Summary {
  name: string;
  summary: string;
  source: "facts" | "model";
  why: string;
}

/** What the link in a hover hands on; a command of the palette has none, and means the cursor. */
interface Place {
  uri: string;
  position: { line: number; character: number };
}

export async function describe(server: Server, given?: unknown): Promise<void> {
  const place = isPlace(given) ? given : here();
  if (place === undefined) {
    void vscode.window.showInformationMessage("Assay: put the cursor on a function's name to have the model describe it.");
    return;
  }
  const options = { location: vscode.ProgressLocation.Window, title: "Assay: asking the model" };
  try {
    const answer = await vscode.window.withProgress(options, () => server.command<Summary | null>("assay.summarize", place));
    if (answer === undefined || answer === null) {
      const why = answer === null ? "there is no function or class of this project at the cursor." : "the server does not run.";
      void vscode.window.showInformationMessage(`Assay: ${why}`);
    } else if (answer.why) {
      void vscode.window.showInformationMessage(said(`Assay: ${answer.why}`));
    } else {
      await show(place);
    }
  } catch (error) {
    void vscode.window.showWarningMessage(said(`Assay: ${error instanceof Error ? error.message : String(error)}`));
  }
}

/** The hover at a place, which holds the sentence now. */
async function show(place: Place): Promise<void> {
  const editor = vscode.window.visibleTextEditors.find((one) => one.document.uri.toString() === vscode.Uri.parse(place.uri).toString());
  if (editor === undefined) {
    return;
  }
  const position = new vscode.Position(place.position.line, place.position.character);
  editor.selection = new vscode.Selection(position, position);
  await vscode.window.showTextDocument(editor.document, { viewColumn: editor.viewColumn ?? vscode.ViewColumn.Active });
  await vscode.commands.executeCommand("editor.action.hideHover"); // one that is open is not asked for anew
  await vscode.commands.executeCommand("editor.action.showHover");
}

function here(): Place | undefined {
  const editor = vscode.window.activeTextEditor;
  if (editor?.document.languageId !== "python") {
    return undefined;
  }
  const { line, character } = editor.selection.active;
  return { uri: editor.document.uri.toString(), position: { line, character } };
}

function isPlace(given: unknown): given is Place {
  const place = given as Partial<Place> | undefined;
  return typeof place?.uri === "string" && typeof place.position?.line === "number" && typeof place.position.character === "number";
}
