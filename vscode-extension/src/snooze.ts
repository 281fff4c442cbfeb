// A pause that ends by itself: while it lasts no suggestion is asked for.

import * as vscode from "vscode";

const MINUTE_MS = 60_000;

export class Snooze implements vscode.Disposable {
  private timer: NodeJS.Timeout | undefined;
  private ends = 0;
  private readonly changed = new vscode.EventEmitter<void>();

  readonly onDidChange = this.changed.event;

  get isOn(): boolean {
    return this.timer !== undefined;
  }

  /** The time of day at which it ends; "" where it is off. */
  get until(): string {
    return this.isOn ? new Date(this.ends).toLocaleTimeString([], { hour: "2-digit", minute: "2-digit" }) : "";
  }

  start(minutes: number): void {
    clearTimeout(this.timer);
    this.ends = Date.now() + minutes * MINUTE_MS;
    this.timer = setTimeout(() => this.stop(), minutes * MINUTE_MS);
    this.tell();
  }

  stop(): void {
    clearTimeout(this.timer);
    this.timer = undefined;
    this.tell();
  }

  dispose(): void {
    clearTimeout(this.timer);
    this.changed.dispose();
  }

  private tell(): void {
    void vscode.commands.executeCommand("setContext", "assay.snoozed", this.isOn);
    this.changed.fire();
  }
}
