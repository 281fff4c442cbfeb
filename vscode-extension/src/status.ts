// The status item: how Assay is, and what is known of the suggestion at the cursor. Every state has a text, and a text for screen readers.

import * as vscode from "vscode";
import type { Busy } from "./busy";
import { evidence } from "./hover";
import type { Offers } from "./offers";
import type { EnvironmentStatus, Part, Parts } from "./parts";
import type { Server } from "./server";
import type { Snooze } from "./snooze";
import { glance, spoken } from "./verdict";

export interface Face {
  text: string;
  spoken: string;
  tooltip: string | vscode.MarkdownString;
  isWarning: boolean;
}

export class Status implements vscode.Disposable {
  private readonly item = vscode.window.createStatusBarItem("assay.status", vscode.StatusBarAlignment.Right, 95);
  private readonly listeners: vscode.Disposable[];

  constructor(
    private readonly server: Server,
    private readonly parts: Parts,
    private readonly offers: Offers,
    private readonly snooze: Snooze,
    private readonly busy: Busy,
  ) {
    this.item.name = "Assay";
    this.item.command = "assay.menu";
    const show = (): void => this.show();
    this.listeners = [server.onDidChange(show), parts.onDidChange(show), offers.onDidChange(show), snooze.onDidChange(show), busy.onDidChange(show)];
    this.show();
    this.item.show();
  }

  dispose(): void {
    vscode.Disposable.from(this.item, ...this.listeners).dispose();
  }

  private show(): void {
    const face = this.face();
    this.item.text = face.text;
    this.item.tooltip = face.tooltip;
    this.item.accessibilityInformation = { label: `Assay, ${face.spoken}`, role: "button" };
    this.item.backgroundColor = face.isWarning ? new vscode.ThemeColor("statusBarItem.warningBackground") : undefined;
  }

  private face(): Face {
    const { state, why } = this.server.condition;
    switch (state) {
      case "installing":
        return calm("$(sync~spin) Assay: installing", "installing its server", "The server is being installed, once.");
      case "starting":
        return calm("$(loading~spin) Assay: starting", "starting", why || "The server is starting.");
      case "stopped":
        return calm("$(circle-slash) Assay: stopped", "stopped", "The server does not run.");
      case "no-python":
        return loud("$(warning) Assay: no Python", "no Python was found", why);
      case "failed":
        return loud("$(error) Assay: not running", "not running", why);
    }
    if (this.snooze.isOn) {
      return calm("$(bell-slash) Assay: snoozed", "snoozed", `Nothing is suggested until ${this.snooze.until}.`);
    }
    const offer = this.offers.current;
    if (offer !== undefined) {
      const icon = offer.verdict.state === "passed" ? "$(pass-filled)" : "$(question)";
      return { ...calm(`${icon} ${glance(offer.verdict).slice(2)}`, `suggestion ${spoken(offer.verdict)}`, ""), tooltip: evidence(offer) };
    }
    if (this.busy.isOn) {
      return calm("$(loading~spin) Assay: busy", "busy", "A suggestion is being written and checked.");
    }
    return this.ofParts();
  }

  private ofParts(): Face {
    const { engine, sandbox, environment, isOffline } = this.parts;
    const isFallback = engine.fallback === true;
    if (engine.state === "absent" || engine.state === "broken") {
      return loud("$(warning) Assay: no model", "no model", engine.why);
    }
    if (sandbox.state === "absent" || sandbox.state === "broken" || sandbox.state === "off") {
      const face = { text: "$(workspace-untrusted) Assay: sandbox off", spoken: "sandbox off, suggestions stay unverified", tooltip: sandbox.why };
      return { ...face, isWarning: sandbox.state !== "off" };
    }
    const doing = preparing(sandbox);
    if (doing !== "") {
      return calm(`$(loading~spin) Assay: ${doing}`, doing, sandbox.why);
    }
    const marks = [...(isFallback ? ["fallback model"] : []), ...(isOffline ? ["offline"] : [])];
    const rest = marks.length > 0 ? `: ${marks.join(", ")}` : "";
    const advice = isFallback ? " The fallback model is small and often poor: choose another one in the menu." : "";
    return calm(`$(verified) Assay${rest}`, marks.join(", ") || "ready", `Ready.${advice}${of(environment)}`);
  }
}

/** What is made for the project before its tests can run: "preparing Python 3.12"; "" where nothing is. */
export function preparing(sandbox: Part): string {
  const found = sandbox.state === "starting" ? /^Preparing ([^:]+)/.exec(sandbox.why) : null;
  return found === null ? "" : `preparing ${found[1]}`;
}

/** With which Python tests run, in a sentence behind others. */
export function of(environment: EnvironmentStatus | undefined): string {
  if (environment === undefined) {
    return "";
  }
  return ` Tests run with ${environment.told}${environment.flaw === "" ? "" : `, but: ${environment.flaw}`}.`;
}

function calm(text: string, said: string, tooltip: string): Face {
  return { text, spoken: said, tooltip, isWarning: false };
}

function loud(text: string, said: string, tooltip: string): Face {
  return { text, spoken: said, tooltip, isWarning: true };
}
