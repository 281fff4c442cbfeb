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

const TITLES: Record<Command, string> = { "assay.test": "Assay is making tests", "assay.mutants": "Assay is looking for what no test notices" };

/** Ask for the function or class at the cursor, or for the whole file. */
export async function ask(server: Server, why: Why, command: Command, of: "function" | "file"): Promise<void> {
  const editor = vscode.window.activeTextEditor;
  if (editor?.document.languageId !== "python") {
    void vscode.window.showInformationMessage("Assay: open a Python file to have tests of it written.");
    return;
  }
  const { line, character } = editor.selection.active;
  await run(server, why, command, { uri: editor.document.uri.toString(), ...(of === "function" ? { position: { line, character } } : {}) });
}

/** The command as a code action or a lens has it; undefined for any other. */
export function own(command: string, args: unknown[]): { command: Command; argument: object } | undefined {
  const argument = args[0];
  return (command === "assay.test" || command === "assay.mutants") && typeof argument === "object" && argument !== null
    ? { command, argument }
    : undefined;
}

/** Have it done, where it can be seen how far it is, and ended; and say what came of it. */
export async function run(server: Server, why: Why, command: Command, argument: object): Promise<void> {
  const options = { location: vscode.ProgressLocation.Notification, title: TITLES[command], cancellable: true };
  try {
    const answer = await vscode.window.withProgress(options, (progress, token) => followed(server, command, argument, progress, token));
    if (answer === undefined) {
      void vscode.window.showWarningMessage("Assay: the server does not run.");
    } else if (answer === "ended") {
      void vscode.window.showInformationMessage("Assay: ended; nothing is written.");
    } else if (answer !== null && (answer.applied !== false || !answer.uri)) {
      await tell(answer, command, why);
    }
  } catch (error) {
    void vscode.window.showWarningMessage(said(`Assay: ${error instanceof Error ? error.message : String(error)}`));
  }
}

async function followed(
  server: Server,
  command: Command,
  argument: object,
  progress: vscode.Progress<{ message?: string; increment?: number }>,
  token: vscode.CancellationToken,
): Promise<Answer | null | undefined | "ended"> {
  try {
    return await server.follow<Answer | null>(command, argument, ({ message }) => progress.report(message === undefined ? {} : { message }), token);
  } catch (error) {
    if (token.isCancellationRequested) {
      return "ended";
    }
    throw error;
  }
}

async function tell(answer: Answer, command: Command, why: Why): Promise<void> {
  if ((await vscode.window.showInformationMessage(said(`Assay: ${answer.glance}.`), DETAILS)) === DETAILS) {
    await why.tell(command === "assay.test" ? "Tests" : "What no test notices", answer.text.join("\n"));
  }
}
