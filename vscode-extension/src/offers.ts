// What was suggested in this window, and what became of it. The one place that remembers; everything that shows reads it.

import * as vscode from "vscode";
import { type Fate, fate, type Verdict } from "./verdict";

/** How many suggestions the view lists. */
const KEPT = 50;

export type Stage = "offered" | "accepted" | "dismissed" | "withdrawn" | "gone";

export interface Offer {
  readonly fate: Fate;
  readonly uri: vscode.Uri;
  readonly text: string;
  /** What the text replaces, in the document as it was at `version`. */
  readonly range: vscode.Range;
  readonly replaced: string;
  readonly position: vscode.Position;
  readonly at: Date;
  verdict: Verdict;
  stage: Stage;
  /** Lines that were written above it, less those taken away, since. */
  movedLines: number;
}

export class Offers implements vscode.Disposable {
  private readonly byId = new Map<string, Offer>();
  private readonly changed = new vscode.EventEmitter<Offer | undefined>();
  private shown: Offer | undefined;

  /** Something about an offer is new, or (undefined) there is none at the cursor any more. */
  readonly onDidChange = this.changed.event;

  /** The offer at the cursor; undefined where the server gave none. Whether the editor paints it, no stable API tells. */
  get current(): Offer | undefined {
    return this.shown;
  }

  /** All that is remembered, newest first. */
  get all(): Offer[] {
    return [...this.byId.values()].reverse();
  }

  find(suggestionId: string): Offer | undefined {
    return this.byId.get(suggestionId);
  }

  /** The server's answer for a place: its items, or nothing. A text that fails meanwhile is not given to the editor again. */
  answered(document: vscode.TextDocument, position: vscode.Position, items: vscode.InlineCompletionItem[]): vscode.InlineCompletionItem[] {
    const good = items.filter((item) => this.byId.get(fate(item.command?.arguments?.[0])?.suggestionId ?? "")?.verdict.state !== "failed");
    const first = good[0];
    const told = fate(first?.command?.arguments?.[0]);
    if (first === undefined || told === undefined) {
      this.clear();
      return good;
    }
    const range = first.range ?? new vscode.Range(position, position);
    const known = this.byId.get(told.suggestionId);
    const offer: Offer = {
      fate: told,
      uri: document.uri,
      text: typeof first.insertText === "string" ? first.insertText : first.insertText.value,
      range,
      replaced: document.getText(range),
      position,
      at: known?.at ?? new Date(),
      verdict: known?.verdict ?? told.verdict,
      stage: "offered",
      movedLines: 0,
    };
    this.byId.delete(told.suggestionId);
    this.byId.set(told.suggestionId, offer);
    for (const old of [...this.byId.keys()].slice(0, Math.max(0, this.byId.size - KEPT))) {
      this.byId.delete(old);
    }
    this.shown = offer;
    this.changed.fire(offer);
    return good;
  }

  /** Whether the current offer may still stand at a place of its document: what is written up to there is its beginning. */
  fits(document: vscode.TextDocument, at: vscode.Position): boolean {
    const offer = this.shown;
    if (offer === undefined || offer.uri.toString() !== document.uri.toString()) {
      return true;
    }
    const isBehind = at.line === offer.position.line && at.character >= offer.position.character;
    return isBehind && offer.text.startsWith(document.getText(new vscode.Range(offer.range.start, at)));
  }

  /** A verdict that came after the answer. */
  judged(suggestionId: string, verdict: Verdict): Offer | undefined {
    const offer = this.byId.get(suggestionId);
    if (offer === undefined) {
      return undefined;
    }
    offer.verdict = verdict;
    if (verdict.state === "failed" && offer.stage === "offered") {
      offer.stage = "withdrawn";
    }
    this.changed.fire(offer);
    return offer;
  }

  accepted(suggestionId: string): Offer | undefined {
    const offer = this.byId.get(suggestionId);
    if (offer !== undefined) {
      offer.stage = "accepted";
    }
    this.clear();
    return offer;
  }

  dismissed(): Offer | undefined {
    const offer = this.shown;
    if (offer !== undefined) {
      offer.stage = "dismissed";
    }
    this.clear();
    return offer;
  }

  /** The document was changed: texts that were taken below move with it. */
  edited(event: vscode.TextDocumentChangeEvent): void {
    for (const offer of this.byId.values()) {
      if (offer.stage === "accepted" && offer.uri.toString() === event.document.uri.toString()) {
        for (const { range, text } of event.contentChanges) {
          if (range.end.line < offer.range.start.line + offer.movedLines) {
            offer.movedLines += text.split("\n").length - 1 - (range.end.line - range.start.line);
          }
        }
      }
    }
  }

  /** Nothing stands at the cursor any more. */
  clear(): void {
    if (this.shown?.stage === "offered") {
      this.shown.stage = "gone";
    }
    if (this.shown !== undefined) {
      this.shown = undefined;
      this.changed.fire(undefined);
    }
  }

  dispose(): void {
    this.changed.dispose();
  }
}
