// What somebody says of the last suggestion, for the team's record.

import * as vscode from "vscode";
import type { Server } from "./server";

export type Thumb = "up" | "down";

/** Ask for a word, which may be left out, and tell it; Escape tells nothing. */
export async function rate(server: Server, thumb: Thumb): Promise<void> {
  const title = `Assay: The Last Suggestion Was ${thumb === "up" ? "Good" : "Bad"}`;
  const word = await vscode.window.showInputBox({ title, prompt: "A word about it, if you like. It goes to your team's record." });
  if (word === undefined) {
    return;
  }
  const answer = await server.command<{ told: boolean; why: string }>("assay.feedback", { thumb, word });
  if (answer === undefined) {
    void vscode.window.showWarningMessage("Assay: the server does not run.");
  } else if (answer.told) {
    vscode.window.setStatusBarMessage("Assay: told to the team's record.", 3000);
  } else {
    void vscode.window.showWarningMessage(`Assay: ${answer.why}`);
  }
}
