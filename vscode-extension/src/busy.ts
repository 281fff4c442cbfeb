// Whether somebody waits for a suggestion long enough to be told so.

import * as vscode from "vscode";

/** Answers that come sooner need no sign; most do. */
const PATIENCE_MS = 400;

export class Busy implements vscode.Disposable {
  private waiting = 0;
  private timer: NodeJS.Timeout | undefined;
  private readonly changed = new vscode.EventEmitter<void>();
  private told = false;

  readonly onDidChange = this.changed.event;

  get isOn(): boolean {
    return this.told;
  }

  /** Wait for `work`, and be busy once that takes long. */
  async during<T>(work: Promise<T> | Thenable<T>): Promise<T> {
    this.waiting += 1;
    this.timer ??= setTimeout(() => this.tell(true), PATIENCE_MS);
    try {
      return await work;
    } finally {
      this.waiting -= 1;
      if (this.waiting === 0) {
        clearTimeout(this.timer);
        this.timer = undefined;
        this.tell(false);
      }
    }
  }

  dispose(): void {
    clearTimeout(this.timer);
    this.changed.dispose();
  }

  private tell(isBusy: boolean): void {
    if (isBusy !== this.told) {
      this.told = isBusy;
      this.changed.fire();
    }
  }
}
