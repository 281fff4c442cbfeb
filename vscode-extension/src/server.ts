// The language server of this window: found or installed, started, restarted when it dies, and asked.

import { randomUUID } from "node:crypto";
import * as path from "node:path";
import * as vscode from "vscode";
import type { LanguageClient, Middleware } from "vscode-languageclient/node";
import * as environment from "./environment";
import { keyEnvironment } from "./models";
import { find, NoPython } from "./python";
import { said } from "./said";

/** How the server is, as the status item names it. `why` is a sentence for a person, "" where nothing is wrong. */
export type Condition =
  | { state: "installing" | "starting" | "running" | "stopped"; why: string }
  | { state: "no-python" | "failed"; why: string };

/** Restarts after which it stays down until somebody asks, and the time in which they count. */
const RESTARTS = 4;
const RESTARTS_MS = 180_000;
/** The first answer takes half a second; a disk that sleeps and a scanner of viruses make it many. */
const START_MS = 60_000;

/** How far a command is; the percentage where the server knows it. */
export interface Told {
  message?: string;
  percentage?: number;
}

export class Server implements vscode.Disposable {
  private client: LanguageClient | undefined;
  private using: vscode.Disposable | undefined;
  private readonly crashes: number[] = [];
  private readonly moved = new vscode.EventEmitter<Condition>();
  private now: Condition = { state: "stopped", why: "" };
  private hasRun = false;
  private fail: ((why: Error) => void) | undefined;
  private turn: Promise<void> = Promise.resolve();

  readonly onDidChange = this.moved.event;

  constructor(
    private readonly context: vscode.ExtensionContext,
    private readonly log: vscode.LogOutputChannel,
    private readonly middleware: Middleware,
    private readonly listen: (client: LanguageClient) => void,
  ) {}

  get condition(): Condition {
    return this.now;
  }

  /** Start it where it does not run, after whatever was asked for before. Never throws: the condition tells. */
  start(): Promise<void> {
    return this.queue(() => this.begin());
  }

  restart(): Promise<void> {
    this.crashes.length = 0;
    return this.queue(async () => {
      await this.end();
      await this.begin();
    });
  }

  stop(): Promise<void> {
    return this.queue(() => this.end());
  }

  /** Run one of the server's commands; undefined where it does not run. Throws what the server answers with. */
  async command<T>(name: string, ...args: unknown[]): Promise<T | undefined> {
    if (!this.client?.isRunning()) {
      return undefined;
    }
    return this.client.sendRequest<T>("workspace/executeCommand", { command: name, arguments: args });
  }

  /** Run one of the server's commands that takes its time, and hear how far it is; undefined where it does not run. Throws what the server answers with. */
  async follow<T>(name: string, argument: object, heard: (told: Told) => void, token: vscode.CancellationToken): Promise<T | undefined> {
    const client = this.client;
    if (!client?.isRunning()) {
      return undefined;
    }
    const { PROGRESS } = await import("./client");
    const workDoneToken = randomUUID();
    const listening = client.onProgress(PROGRESS, workDoneToken, (value) => {
      if (value.kind === "report") {
        heard(value);
      }
    });
    try {
      return await client.sendRequest<T>("workspace/executeCommand", { command: name, arguments: [{ ...argument, workDoneToken }] }, token);
    } finally {
      listening.dispose();
    }
  }

  /** Tell the server that settings have changed; it asks for them. */
  async reconfigure(): Promise<void> {
    if (this.client?.isRunning()) {
      await this.client.sendNotification("workspace/didChangeConfiguration", { settings: null });
    }
  }

  /** The program and arguments before a command's name: `[…, "doctor"]` is `assay doctor`. Installs nothing; undefined where nothing is installed. */
  async program(): Promise<string[] | undefined> {
    const own = vscode.workspace.getConfiguration("assay").get<string>("path", "");
    if (own) {
      return [own];
    }
    const python = await environment.installed(this.install).catch(() => undefined);
    return python ? [python, "-I", "-m", "assay"] : undefined;
  }

  dispose(): void {
    this.using?.dispose();
    this.moved.dispose();
  }

  private queue(work: () => Promise<void>): Promise<void> {
    this.turn = this.turn.then(work, work);
    return this.turn;
  }

  private get install(): environment.Install {
    return {
      storage: this.context.globalStorageUri.fsPath,
      bundle: path.join(this.context.extensionPath, "bundled"),
      wheels: vscode.workspace.getConfiguration("assay").get<string>("wheels", ""),
      python: find,
      wanted: vscode.workspace.getConfiguration("assay").get<string>("python", ""),
      log: this.log,
    };
  }

  private become(condition: Condition): void {
    this.now = condition;
    if (condition.why) {
      this.log.warn(condition.why);
    }
    this.moved.fire(condition);
  }

  private async begin(): Promise<void> {
    if (this.client !== undefined) {
      return;
    }
    try {
      const [command, ...args] = (await this.program()) ?? (await this.installed());
      this.become({ state: "starting", why: "" });
      this.log.info(`starting ${command} ${[...args, "lsp"].join(" ")}`);
      this.hasRun = false;
      const key = await keyEnvironment(this.context.secrets);
      const { connect } = await import("./client");
      const client = connect({
        command: command ?? "assay",
        args: [...args, "lsp"],
        env: { ...process.env, ...key },
        log: this.log,
        middleware: this.middleware,
        running: () => {
          this.hasRun = true;
          this.become({ state: "running", why: "" });
        },
        died: () => this.died(),
      });
      this.client = client;
      this.using ??= environment.use(this.install);
      this.listen(client);
      await this.started(client);
    } catch (error) {
      const why = said(error instanceof Error ? error.message : String(error));
      const failed = this.client;
      this.client = undefined;
      // The library throws where a client never ran; there is nothing to end then.
      void Promise.resolve().then(() => failed?.dispose()).catch(() => undefined);
      this.become(
        error instanceof NoPython
          ? { state: "no-python", why }
          : { state: "failed", why: error instanceof environment.InstallFailed ? why : `The server did not start (${why}). The log tells more; set \`assay.path\` or restart.` },
      );
    }
  }

  /** Wait until it runs; the library's own promise is never settled where the process ends before it answered, or never answers. */
  private async started(client: LanguageClient): Promise<void> {
    let timer: NodeJS.Timeout | undefined;
    const failed = new Promise<never>((_, reject) => {
      this.fail = reject;
      timer = setTimeout(() => reject(new Error(`it did not answer within ${START_MS / 1000} s`)), START_MS);
    });
    try {
      await Promise.race([client.start(), failed]);
    } finally {
      clearTimeout(timer);
      this.fail = undefined;
    }
  }

  private async installed(): Promise<string[]> {
    this.become({ state: "installing", why: "" });
    const options = { location: vscode.ProgressLocation.Notification, title: "Assay is installing its server, once" };
    const python = await vscode.window.withProgress(options, (progress) =>
      environment.make(this.install, (message) => progress.report({ message })),
    );
    return [python, "-I", "-m", "assay"];
  }

  private async end(): Promise<void> {
    const client = this.client;
    this.client = undefined;
    await client?.stop().catch((error: unknown) => this.log.warn(`the server did not stop in time (${String(error)})`));
    await client?.dispose().catch(() => undefined);
    this.become({ state: "stopped", why: "" });
  }

  /** The server died: have it started again and say so once; after too many deaths leave it, with the reason. */
  private died(): boolean {
    if (!this.hasRun) {
      this.fail?.(new Error("it ended while it was starting"));
      return false; // it never ran: `begin` tells why, and starts nothing behind its back
    }
    const now = Date.now();
    this.crashes.push(now);
    const recent = this.crashes.filter((at) => now - at < RESTARTS_MS);
    if (recent.length > RESTARTS) {
      this.client = undefined;
      const why = `The server ended ${recent.length} times in three minutes, so it stays down. The log tells more; \`Assay: Restart the Server\` tries again.`;
      this.become({ state: "failed", why });
      return false;
    }
    this.become({ state: "starting", why: "The server ended and is started again." });
    void vscode.window.showInformationMessage("Assay: its server ended and was started again.", "Show the Log").then((answer) => {
      void (answer && vscode.commands.executeCommand("assay.showLog"));
    });
    return true;
  }
}
