// The commands of the palette and of the status item's menu.

import * as vscode from "vscode";
import * as asking from "./asking";
import { describe } from "./describe";
import { explain } from "./explain";
import * as fates from "./fates";
import * as models from "./models";
import type { Offers } from "./offers";
import type { Parts } from "./parts";
import * as rating from "./rating";
import * as report from "./report";
import { said } from "./said";
import type { Server } from "./server";
import type { Snooze } from "./snooze";
import * as terminal from "./terminal";
import * as tests from "./tests";
import { glance, type Verdict } from "./verdict";
import type { Why } from "./why";

export interface Bench {
  server: Server;
  parts: Parts;
  offers: Offers;
  snooze: Snooze;
  why: Why;
  log: vscode.LogOutputChannel;
  secrets: vscode.SecretStorage;
  version: string;
}

export function register(bench: Bench): vscode.Disposable[] {
  const { server, offers, snooze, why, log, secrets, version } = bench;
  const work: Record<string, (...args: never[]) => unknown> = {
    "assay.completeHere": () => vscode.commands.executeCommand("editor.action.inlineSuggest.trigger"),
    "assay.dismiss": () => fates.dismiss(offers, server),
    "assay.showWhy": (traceId?: unknown) => why.show(typeof traceId === "string" ? traceId : offers.current?.fate.traceId),
    "assay.verifyFile": () => verifyFile(bench),
    "assay.explainText": () => explain(server),
    "assay.describe": (place?: unknown) => describe(server, place),
    "assay.askHere": () => asking.ask(server),
    "assay.writeProposed": (id?: unknown) => asking.write(server, id),
    "assay.forgetAsked": () => asking.forget(server),
    "assay.rateGood": () => rating.rate(server, "up"),
    "assay.rateBad": () => rating.rate(server, "down"),
    "assay.writeFunction": () => tests.ask(server, why, "assay.write", "function"),
    "assay.writeDescribed": () => tests.describe(server, why),
    "assay.takeBack": () => tests.takeBack(server),
    "assay.writeTests": () => tests.ask(server, why, "assay.test", "function"),
    "assay.writeTestsOfFile": () => tests.ask(server, why, "assay.test", "file"),
    "assay.showUnnoticed": () => tests.ask(server, why, "assay.mutants", "function"),
    "assay.showUnnoticedOfFile": () => tests.ask(server, why, "assay.mutants", "file"),
    "assay.doctor": async () => why.tell("Doctor", await report.doctor(server)),
    "assay.setUp": () => terminal.run(server, secrets, "setup"),
    "assay.buildImage": () => terminal.run(server, secrets, "sandbox", "build"),
    "assay.snooze": () => pickSnooze(snooze),
    "assay.wake": () => snooze.stop(),
    "assay.restart": () => server.restart(),
    "assay.useModel": () => models.choose(server),
    "assay.setKey": () => models.setKey(secrets, server),
    "assay.report": () => report.collect(server, version),
    "assay.openView": () => vscode.commands.executeCommand("assay.view.focus"),
    "assay.choosePython": () => choosePython(),
    "assay.showLog": () => log.show(),
    "assay.menu": () => menu(bench),
  };
  return Object.entries(work).map(([name, run]) => vscode.commands.registerCommand(name, run));
}

async function verifyFile({ server, why }: Bench): Promise<void> {
  const document = vscode.window.activeTextEditor?.document;
  if (document?.languageId !== "python") {
    void vscode.window.showInformationMessage("Assay: open a Python file to verify it.");
    return;
  }
  const options = { location: vscode.ProgressLocation.Notification, title: "Assay is verifying this file", cancellable: false };
  const answer = await vscode.window.withProgress(options, () =>
    server.command<{ verdict: Verdict; traceId: string } | null>("assay.verify", document.uri.toString()),
  );
  if (answer === undefined || answer === null) {
    const why = answer === null ? "this document is on no disk, so it cannot be verified." : "the server does not run.";
    void vscode.window.showWarningMessage(`Assay: ${why}`);
    return;
  }
  const text = said(`Assay: ${glance(answer.verdict)}. ${answer.verdict.why}`);
  const show = answer.verdict.state === "failed" ? vscode.window.showWarningMessage : vscode.window.showInformationMessage;
  if ((await show(text, "Why")) === "Why") {
    await why.show(answer.traceId);
  }
}

async function pickSnooze(snooze: Snooze): Promise<void> {
  const choices = [5, 15, 60, 240].map((minutes) => ({ label: minutes < 60 ? `${minutes} minutes` : `${minutes / 60} h`, minutes }));
  const picked = await vscode.window.showQuickPick(choices, { title: "Assay: Snooze", placeHolder: "How long to suggest nothing" });
  if (picked) {
    snooze.start(picked.minutes);
  }
}

async function choosePython(): Promise<void> {
  const picked = await vscode.window.showOpenDialog({ title: "A Python from 3.11 to 3.13 for Assay's server", canSelectMany: false });
  if (picked?.[0]) {
    await vscode.workspace.getConfiguration("assay").update("python", picked[0].fsPath, vscode.ConfigurationTarget.Global);
  }
}

async function menu({ server, parts, offers, snooze }: Bench): Promise<void> {
  const { state, why } = server.condition;
  const offer = offers.current;
  const rows: (vscode.QuickPickItem & { command?: string })[] = [];
  const add = (label: string, command: string, detail?: string): void => {
    rows.push({ label, command, ...(detail ? { detail } : {}) });
  };
  if (state === "no-python") {
    add("$(folder-opened) Choose a Python…", "assay.choosePython", why);
  } else if (state === "failed") {
    add("$(debug-restart) Restart the server", "assay.restart", why);
  } else {
    for (const part of [parts.engine, parts.sandbox]) {
      if (part.state === "absent" || part.state === "broken") {
        add("$(tools) Set up what is missing", "assay.setUp", part.why);
      }
    }
  }
  if (offer !== undefined) {
    add(`$(info) Why this suggestion: ${glance(offer.verdict)}`, "assay.showWhy", offer.verdict.why);
  } else {
    add("$(info) Why there is no suggestion", "assay.showWhy");
  }
  add("$(sparkle) Complete here", "assay.completeHere");
  add("$(beaker) Verify this file", "assay.verifyFile");
  add("$(comment-discussion) Ask about this code", "assay.askHere");
  add("$(edit) Write a function from a sentence", "assay.writeDescribed");
  add("$(beaker) Write tests for this function or class", "assay.writeTests");
  add("$(discard) Take back what was written last", "assay.takeBack");
  add("$(bug) Explain the selected or copied traceback", "assay.explainText");
  add(snooze.isOn ? "$(bell) Wake up" : "$(bell-slash) Snooze…", snooze.isOn ? "assay.wake" : "assay.snooze");
  add("$(chip) Use another model…", "assay.useModel", parts.engine.model);
  add("$(list-tree) Suggestions, sandbox, model", "assay.openView");
  add("$(checklist) Doctor: what is here, what is missing", "assay.doctor");
  add("$(debug-restart) Restart the server", "assay.restart");
  add("$(output) Show the log", "assay.showLog");
  const picked = await vscode.window.showQuickPick(rows, { title: "Assay", placeHolder: "What to do" });
  if (picked?.command) {
    await vscode.commands.executeCommand(picked.command);
  }
}
