// The verdict beside the ghost text, in a dim colour at the end of its first line; off by `assay.showVerdict`.

import * as vscode from "vscode";
import type { Offers } from "./offers";
import { glance } from "./verdict";

/** Colours of our own: a theme may leave ghost text's transparent, as high contrast does. What failed is not shown. */
const COLOURS = { passed: "assay.passed", failed: "assay.unverified", unverified: "assay.unverified" } as const;

export class Annotation implements vscode.Disposable {
  private readonly kind = vscode.window.createTextEditorDecorationType({ rangeBehavior: vscode.DecorationRangeBehavior.ClosedClosed });
  private readonly listeners: vscode.Disposable[];

  constructor(private readonly offers: Offers) {
    this.listeners = [offers.onDidChange(() => this.show())];
  }

  dispose(): void {
    vscode.Disposable.from(this.kind, ...this.listeners).dispose();
  }

  private show(): void {
    const offer = this.offers.current;
    const isWanted = vscode.workspace.getConfiguration("assay").get<boolean>("showVerdict", true);
    for (const editor of vscode.window.visibleTextEditors) {
      const isHere = isWanted && offer !== undefined && editor.document.uri.toString() === offer.uri.toString();
      editor.setDecorations(this.kind, isHere ? [this.beside(editor.document, offer.position.line, glance(offer.verdict), COLOURS[offer.verdict.state])] : []);
    }
  }

  private beside(document: vscode.TextDocument, line: number, text: string, colour: string): vscode.DecorationOptions {
    const end = document.lineAt(Math.min(line, document.lineCount - 1)).range.end;
    const after = { contentText: text, margin: "0 0 0 3ch", color: new vscode.ThemeColor(colour), fontStyle: "italic" };
    return { range: new vscode.Range(end, end), renderOptions: { after } };
  }
}
