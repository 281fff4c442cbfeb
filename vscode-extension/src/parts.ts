// How the model and the sandbox are, as the server tells it; and one quiet message, with the button that mends it, when one goes away.

import * as vscode from "vscode";
import { said } from "./said";

export interface Part {
  state: string;
  why: string;
}

/** What more is known once `assay.status` was answered. */
export interface EngineStatus extends Part {
  model?: string;
  where?: string;
  fallback?: boolean;
  memory?: number | null;
  tokensPerSecond?: number | null;
}

export interface SandboxStatus extends Part {
  image?: string;
  engine?: string;
  size?: number;
  warm?: number;
}

/** Which Python the tests of the project run with, and why that one. */
export interface EnvironmentStatus {
  told: string;
  flaw: string;
}

/** The answer of the server's command `assay.status`. */
export interface StatusAnswer {
  environment?: EnvironmentStatus | null;
  engine: EngineStatus;
  sandbox: SandboxStatus;
  settings: string[];
  offline: boolean;
}

const UNKNOWN: Part = { state: "starting", why: "" };

export class Parts implements vscode.Disposable {
  engine: EngineStatus = UNKNOWN;
  sandbox: SandboxStatus = UNKNOWN;
  environment: EnvironmentStatus | undefined;
  isOffline = false;
  private readonly changed = new vscode.EventEmitter<void>();

  readonly onDidChange = this.changed.event;

  get isStarting(): boolean {
    return this.engine.state === "starting" || this.sandbox.state === "starting";
  }

  /** The notification `assay/status`. */
  told(part: string, state: string, why: string): void {
    if (part !== "engine" && part !== "sandbox") {
      return;
    }
    const before = this[part].state;
    this[part] = { ...this[part], state, why };
    this.changed.fire();
    if (isAway(state) && !isAway(before)) {
      void this.warn(why);
    }
  }

  /** The whole answer of `assay.status`. */
  learned(answer: StatusAnswer): void {
    this.told("engine", answer.engine.state, answer.engine.why);
    this.told("sandbox", answer.sandbox.state, answer.sandbox.why);
    this.engine = answer.engine;
    this.sandbox = answer.sandbox;
    this.environment = answer.environment ?? undefined;
    this.isOffline = answer.offline;
    this.changed.fire();
  }

  dispose(): void {
    this.changed.dispose();
  }

  private async warn(why: string): Promise<void> {
    if (await vscode.window.showWarningMessage(said(`Assay: ${why}`), "Set Up")) {
      await vscode.commands.executeCommand("assay.setUp");
    }
  }
}

function isAway(state: string): boolean {
  return state === "absent" || state === "broken";
}
