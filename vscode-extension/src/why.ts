// The trace of a request as a read-only document: why this suggestion, or why nothing.

import * as vscode from "vscode";
import type { Server } from "./server";

const SCHEME = "assay-why";
const NOTHING = "Nothing was asked yet: type in a Python file, or run `Assay: Complete Here`.";

export class Why implements vscode.Disposable, vscode.TextDocumentContentProvider {
  private readonly registration: vscode.Disposable;
  private readonly texts = new Map<string, string>();
  private readonly changed = new vscode.EventEmitter<vscode.Uri>();

  readonly onDidChange = this.changed.event;

  constructor(private readonly server: Server) {
    this.registration = vscode.workspace.registerTextDocumentContentProvider(SCHEME, this);
  }

  provideTextDocumentContent(uri: vscode.Uri): string {
    return this.texts.get(uri.path) ?? NOTHING;
  }

  /** Show the trace with this id, or the last one. */
  async show(traceId?: string): Promise<void> {
    const found = await this.server.command<{ id: string; text: string[] } | null>("assay.why", ...(traceId ? [traceId] : []));
    const nothing = this.server.condition.state === "running" ? NOTHING : "The server does not run; the status item says why.";
    await this.tell(`Why ${found?.id ?? "nothing"}`, found ? found.text.join("\n") : nothing);
  }

  /** Show a text beside the editor. */
  async tell(title: string, text: string): Promise<void> {
    const uri = vscode.Uri.from({ scheme: SCHEME, path: `/${title}` });
    this.texts.set(uri.path, text);
    this.changed.fire(uri);
    const document = await vscode.workspace.openTextDocument(uri);
    await vscode.window.showTextDocument(document, { viewColumn: vscode.ViewColumn.Beside, preview: true, preserveFocus: false });
  }

  dispose(): void {
    vscode.Disposable.from(this.registration, this.changed).dispose();
  }
}
