// A function from what somebody says, tests of one, and what no test notices: asked of the server, which shows how far it is and has the edit written; what came of it is said here.

import * as vscode from "vscode";
import { said } from "./said";
import type { Server } from "./server";
import type { Why } from "./why";

type Command = "assay.test" | "assay.mutants" | "assay.write";

interface Answer {
  glance: string;
  text: string[];
  /** Of `assay.test` and `assay.write`: the file, null where there is nothing to write, and whether it was written. */
  uri?: string | null;
  applied?: boolean;
}

const DETAILS = "Details";

const TITLES: Record<Command, string> = {
  "assay.test": "Assay is making tests",
  "assay.mutants": "Assay is looking for what no test notices",
  "assay.write": "Assay is writing a function",
};
const NAMES: Record<Command, string> = { "assay.test": "Tests", "assay.mutants": "What no test notices", "assay.write": "Function" };

/** Ask for the function or class at the cursor, or for the whole file. */
export async function ask(server: Server, why: Why, command: Command, of: "function" | "file"): Promise<void> {
  const editor = vscode.window.activeTextEditor;
  if (editor?.document.languageId !== "python") {
    void vscode.window.showInformationMessage("Assay: open a Python file first.");
    return;
  }
  const { line, character } = editor.selection.active;
  await run(server, why, command, { uri: editor.document.uri.toString(), ...(of === "function" ? { position: { line, character } } : {}) });
}

/** Ask for a function by a sentence, at the end of the file. */
export async function describe(server: Server, why: Why): Promise<void> {
  const editor = vscode.window.activeTextEditor;
  if (editor?.document.languageId !== "python") {
    void vscode.window.showInformationMessage("Assay: open a Python file first.");
    return;
  }
  const prompt = "What is it to do? A signature in the sentence is taken as it is.";
  const text = await vscode.window.showInputBox({ title: "Write a function", prompt, placeHolder: "count the vowels in a text" });
  if (text) {
    await run(server, why, "assay.write", { uri: editor.document.uri.toString(), text });
  }
}

/** Take back the newest change that was written into the file's project; lines that were edited since stay where they are others. */
export async function takeBack(server: Server): Promise<void> {
  const editor = vscode.window.activeTextEditor;
  if (editor?.document.languageId !== "python") {
    void vscode.window.showInformationMessage("Assay: open a Python file of the project first.");
    return;
  }
  try {
    const answer = await server.command<{ glance: string } | null>("assay.undo", { uri: editor.document.uri.toString() });
    void vscode.window.showInformationMessage(said(`Assay: ${answer?.glance ?? "the server does not run."}`));
  } catch (error) {
    void vscode.window.showWarningMessage(said(`Assay: ${error instanceof Error ? error.message : String(error)}`));
  }
}

/** The command as a code action or a lens has it; undefined for any other. */
export function own(command: string, args: unknown[]): { command: Command; argument: object } | undefined {
  const argument = args[0];
  return command in TITLES && typeof argument === "object" && argument !== null ? { command: command as Command, argument } : undefined;
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
    await why.tell(NAMES[command], answer.text.join("\n"));
  }
}
