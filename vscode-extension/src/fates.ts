// What becomes of suggestions: taken, dismissed, or failed after the fact. The server is told; the editor follows a late verdict.

import * as vscode from "vscode";
import type { Middleware } from "vscode-languageclient/node";
import type { Busy } from "./busy";
import type { Offer, Offers } from "./offers";
import { said } from "./said";
import type { Server } from "./server";
import type { Snooze } from "./snooze";
import { fate, isVerdict } from "./verdict";
import type { Why } from "./why";

/** What stands between the client library and the server: it notes what passes by. `others` does commands that are more than a question, and says whether it did. */
export function middleware(offers: Offers, snooze: Snooze, busy: Busy, hasPopup: () => boolean, others: (command: string, args: unknown[]) => Promise<boolean>): Middleware {
  return {
    provideCompletionItem: (document, position, context, token, next) => (hasPopup() ? next(document, position, context, token) : []),
    provideSignatureHelp: (document, position, context, token, next) => (hasPopup() ? next(document, position, context, token) : undefined),
    provideInlineCompletionItems: async (document, position, context, token, next) => {
      const isAsked = context.triggerKind === vscode.InlineCompletionTriggerKind.Invoke;
      if (snooze.isOn && !isAsked) {
        offers.clear();
        return undefined;
      }
      const version = document.version;
      const answer = await busy.during(Promise.resolve(next(document, position, context, token)));
      if (token.isCancellationRequested || document.version !== version) {
        return undefined;
      }
      const items = Array.isArray(answer) ? answer : (answer?.items ?? []);
      return offers.answered(document, position, items);
    },
    executeCommand: async (command, args, next) => {
      const told = fate(args[0]);
      if (command === "assay.accepted" && told !== undefined) {
        offers.accepted(told.suggestionId);
      }
      return (await others(command, args)) ? undefined : next(command, args);
    },
  };
}

/** Esc on ghost text: hide it as the editor does, and have the text not offered here again. */
export async function dismiss(offers: Offers, server: Server): Promise<void> {
  await vscode.commands.executeCommand("editor.action.inlineSuggest.hide");
  const offer = offers.dismissed();
  if (offer !== undefined) {
    await server.command("assay.rejected", offer.fate);
  }
}

/** The notification `assay/verdict`: a text that fails is hidden; one that was taken already is a quiet note. */
export async function judged(params: unknown, offers: Offers, why: Why): Promise<void> {
  const { suggestionId, verdict } = (params ?? {}) as { suggestionId?: unknown; verdict?: unknown };
  if (typeof suggestionId !== "string" || !isVerdict(verdict)) {
    return;
  }
  const isShown = offers.current?.fate.suggestionId === suggestionId;
  const offer = offers.judged(suggestionId, verdict);
  if (offer === undefined || verdict.state !== "failed") {
    return;
  }
  if (isShown) {
    await vscode.commands.executeCommand("editor.action.inlineSuggest.hide");
    offers.clear();
  } else if (offer.stage === "accepted") {
    await regret(offer, why);
  }
}

async function regret(offer: Offer, why: Why): Promise<void> {
  const answer = await vscode.window.showInformationMessage(said(`Assay: the suggestion that you took fails. ${offer.verdict.why}`), "Undo It", "Why");
  if (answer === "Why") {
    await why.show(offer.fate.traceId);
  } else if (answer === "Undo It" && !(await undo(offer))) {
    void vscode.window.showInformationMessage("Assay: the text has been changed since, so it is left as it is.");
  }
}

/** Take the text out again where it stands; false where it does not stand there any more, which is nobody's text to guess. */
async function undo(offer: Offer): Promise<boolean> {
  const document = await vscode.workspace.openTextDocument(offer.uri);
  const eol = document.eol === vscode.EndOfLine.CRLF ? "\r\n" : "\n";
  const wanted = offer.text.replaceAll(/\r?\n/g, eol);
  const start = document.offsetAt(offer.range.start.translate(offer.movedLines));
  const range = new vscode.Range(document.positionAt(start), document.positionAt(start + wanted.length));
  if (document.getText(range) !== wanted) {
    return false;
  }
  const edit = new vscode.WorkspaceEdit();
  edit.replace(offer.uri, range, offer.replaced);
  return vscode.workspace.applyEdit(edit);
}
