// Assay in VS Code: make the parts, connect them, and start the server without holding the window up.

import * as vscode from "vscode";
import type { LanguageClient } from "vscode-languageclient/node";
import * as agents from "./agents";
import { Annotation } from "./annotation";
import * as asking from "./asking";
import { Busy } from "./busy";
import * as chosen from "./chosen";
import * as commands from "./commands";
import * as fates from "./fates";
import * as hover from "./hover";
import { Offers } from "./offers";
import * as peers from "./peers";
import { Parts, type StatusAnswer } from "./parts";
import { Server } from "./server";
import { Snooze } from "./snooze";
import { Status } from "./status";
import * as tests from "./tests";
import { View } from "./view";
import { Why } from "./why";

/** Settings that need another server process, the URL for the key that belongs to it; the others are told to the one that runs. */
const RESTARTING = ["assay.path", "assay.python", "assay.wheels", "assay.engine.url"];

/** How soon it is looked again at a part that is starting: a model is loaded in half a second to a minute. */
const LOOK_MS = 1000;
/** Beyond this pause it is not starting: an engine that ended for idleness says the same, and starts when it is needed. */
const LOOK_LONGEST_MS = 60_000;

let server: Server | undefined;

export function activate(context: vscode.ExtensionContext): void {
  const log = vscode.window.createOutputChannel("Assay", { log: true });
  const offers = new Offers();
  const snooze = new Snooze();
  const parts = new Parts();
  const busy = new Busy();

  const listen = (client: LanguageClient): void => {
    client.onNotification("assay/verdict", (params: unknown) => void fates.judged(params, offers, why));
    client.onNotification("assay/status", (told: { part: string; state: string; why: string }) => {
      parts.told(told.part, told.state, told.why);
    });
  };
  const others = async (command: string, args: unknown[]): Promise<boolean> => {
    const asked = tests.own(command, args);
    if (asked !== undefined) {
      await tests.run(running, why, asked.command, asked.argument);
    }
    return asked !== undefined;
  };
  const running = new Server(context, log, fates.middleware(offers, snooze, busy, peers.popup(log), others), listen);
  const why = new Why(running);
  server = running;
  const version = String(context.extension.packageJSON.version);
  let again: NodeJS.Timeout | undefined;
  let pause = LOOK_MS;
  const look = (): void => {
    void running.command<StatusAnswer>("assay.status").then(
      (answer) => {
        if (answer !== undefined) {
          parts.learned(answer);
          clearTimeout(again);
          if (parts.isStarting && pause < LOOK_LONGEST_MS) {
            again = setTimeout(look, pause);
            pause *= 2;
          }
        }
      },
      (error: unknown) => log.warn(String(error)),
    );
  };

  void chosen.follow(context, () => void running.reconfigure());
  context.subscriptions.push(
    log,
    offers,
    snooze,
    parts,
    busy,
    running,
    why,
    new Status(running, parts, offers, snooze, busy),
    new Annotation(offers),
    hover.register(offers),
    agents.register(running, version),
    asking.register(running, vscode.Uri.joinPath(context.extensionUri, "media", "icon.png")),
    new View(offers, parts, look),
    ...commands.register({ server: running, parts, offers, snooze, why, log, secrets: context.secrets, version }),
    running.onDidChange(({ state }) => {
      void vscode.commands.executeCommand("setContext", "assay.running", state === "running");
      if (state === "running") {
        pause = LOOK_MS;
        look();
      } else {
        offers.clear();
      }
    }),
    vscode.workspace.onDidChangeConfiguration((event) => {
      if (RESTARTING.some((name) => event.affectsConfiguration(name))) {
        void running.restart();
      } else if (event.affectsConfiguration("assay")) {
        void running.reconfigure();
      }
    }),
    vscode.workspace.onDidGrantWorkspaceTrust(() => void running.reconfigure()),
    vscode.workspace.onDidChangeTextDocument((event) => offers.edited(event)),
    vscode.window.onDidChangeActiveTextEditor(() => offers.clear()),
    vscode.window.onDidChangeTextEditorSelection((event) => {
      const at = event.selections[0]?.active;
      if (at !== undefined && !offers.fits(event.textEditor.document, at)) {
        offers.clear();
      }
    }),
  );
  void running.start();
}

export async function deactivate(): Promise<void> {
  await server?.stop();
}
