// Tests of a function, and what no test notices: asked of the server, which shows how far it is and has the edit written; what came of it is said here.

import * as vscode from "vscode";
import { said } from "./said";
import type { Server } from "./server";
import type { Why } from "./why";

type Command = "assay.test" | "assay.mutants";

interface Answer {
  glance: string;
  text: string[];
  /** Of `assay.test`: the file of tests, null where there is nothing to write, and whether it was written. */
  uri?: string | null;
  applied?: boolean;
}

const DETAILS = "Details";

/** Ask for the function or class at the cursor, or for the whole file. */
export async function ask(server: Server, command: Command, of: "function" | "file"): Promise<void> {
  const editor = vscode.window.activeTextEditor;
  if (editor?.document.languageId !== "python") {
    void vscode.window.showInformationMessage("Assay: open a Python file to have tests of it written.");
    return;
  }
  if (server.condition.state !== "running") {
    void vscode.window.showWarningMessage("Assay: the server does not run.");
    return;
  }
  const { line, character } = editor.selection.active;
  const argument = { uri: editor.document.uri.toString(), ...(of === "function" ? { position: { line, character } } : {}) };
  try {
    await vscode.commands.executeCommand(command, argument);
  } catch (error) {
    void vscode.window.showWarningMessage(said(`Assay: ${error instanceof Error ? error.message : String(error)}`));
  }
}

/** What came of a command, on its way to whoever asked: a palette, a lens or a code action. Nothing of an edit that somebody refused, and of what was ended. */
export function told<T>(command: string, answer: T, why: Why): T {
  if ((command === "assay.test" || command === "assay.mutants") && isAnswer(answer) && (answer.applied !== false || !answer.uri)) {
    void vscode.window.showInformationMessage(said(`Assay: ${answer.glance}.`), DETAILS).then((picked) => {
      if (picked === DETAILS) {
        void why.tell(command === "assay.test" ? "Tests" : "What no test notices", answer.text.join("\n"));
      }
    });
  }
  return answer;
}

function isAnswer(value: unknown): value is Answer {
  const given = value as Partial<Answer> | null | undefined;
  return typeof given?.glance === "string" && Array.isArray(given.text);
}
