// The evidence of the suggestion on this line, where the mouse or the keyboard asks for it. What comes from code is never Markdown.

import * as vscode from "vscode";
import type { Offer, Offers } from "./offers";
import { glance, lines } from "./verdict";

export function register(offers: Offers): vscode.Disposable {
  return vscode.languages.registerHoverProvider({ language: "python" }, {
    provideHover(document, position) {
      const offer = offers.current;
      const isHere = offer?.uri.toString() === document.uri.toString() && offer.position.line === position.line;
      return isHere ? new vscode.Hover(evidence(offer)) : undefined;
    },
  });
}

/** The verdict, its sentence, each check, and the way to the whole story. */
export function evidence(offer: Offer): vscode.MarkdownString {
  const text = new vscode.MarkdownString("**Assay** ");
  text.appendText(glance(offer.verdict)).appendMarkdown("\n\n").appendText(offer.verdict.why);
  for (const line of lines(offer.verdict)) {
    text.appendMarkdown("\n- ").appendText(line);
  }
  const argument = encodeURIComponent(JSON.stringify([offer.fate.traceId]));
  text.appendMarkdown(`\n\n[Why this suggestion](command:assay.showWhy?${argument})`);
  text.isTrusted = { enabledCommands: ["assay.showWhy"] };
  return text;
}
