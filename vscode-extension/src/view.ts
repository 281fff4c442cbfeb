// The view "Assay": the last suggestions with what became of them, the sandbox, the model.

import * as vscode from "vscode";
import type { Offer, Offers, Stage } from "./offers";
import type { Parts } from "./parts";
import { glance, lines, spoken } from "./verdict";

/** How often the pool's and the model's figures are asked for while the view is open. */
const LOOK_MS = 3000;
const STAGES: Record<Stage, string> = {
  offered: "offered",
  accepted: "taken",
  dismissed: "dismissed",
  withdrawn: "withdrawn, it failed later",
  gone: "not taken",
};

interface Row {
  label: string;
  description?: string;
  tooltip?: string;
  icon?: string;
  said?: string;
  command?: vscode.Command;
  rows?: () => Row[];
}

export class View implements vscode.Disposable, vscode.TreeDataProvider<Row> {
  private readonly changed = new vscode.EventEmitter<undefined>();
  private readonly disposables: vscode.Disposable[];

  readonly onDidChangeTreeData = this.changed.event;

  constructor(
    private readonly offers: Offers,
    private readonly parts: Parts,
    look: () => void,
  ) {
    const tree = vscode.window.createTreeView("assay.view", { treeDataProvider: this });
    const show = (): void => this.changed.fire(undefined);
    const timer = setInterval(() => tree.visible && look(), LOOK_MS);
    this.disposables = [
      tree,
      this.changed,
      offers.onDidChange(show),
      parts.onDidChange(show),
      tree.onDidChangeVisibility(({ visible }) => visible && look()),
      { dispose: () => clearInterval(timer) },
    ];
  }

  dispose(): void {
    vscode.Disposable.from(...this.disposables).dispose();
  }

  getChildren(row?: Row): Row[] {
    return row?.rows?.() ?? [
      { label: "Suggestions", icon: "history", rows: () => this.suggestions() },
      { label: "Sandbox", icon: "vm", rows: () => this.sandbox() },
      { label: "Model", icon: "chip", rows: () => this.model() },
    ];
  }

  getTreeItem(row: Row): vscode.TreeItem {
    const item = new vscode.TreeItem(row.label, row.rows ? vscode.TreeItemCollapsibleState.Expanded : vscode.TreeItemCollapsibleState.None);
    item.description = row.description ?? "";
    item.tooltip = row.tooltip ?? row.description ?? "";
    item.accessibilityInformation = { label: row.said ?? `${row.label}. ${row.description ?? ""}` };
    if (row.icon) {
      item.iconPath = new vscode.ThemeIcon(row.icon);
    }
    if (row.command) {
      item.command = row.command;
    }
    return item;
  }

  private suggestions(): Row[] {
    const rows = this.offers.all.map((offer) => suggestion(offer));
    return rows.length > 0 ? rows : [{ label: "None yet", description: "type in a Python file" }];
  }

  private sandbox(): Row[] {
    const { state, why, image, engine, size, warm } = this.parts.sandbox;
    return [
      { label: state, tooltip: why, ...(why ? { description: why } : {}), icon: state === "ready" ? "pass" : "circle-slash" },
      ...(engine ? [{ label: "Engine", description: engine }] : []),
      ...(size ? [{ label: "Containers", description: `${warm ?? 0} of ${size} warm` }] : []),
      ...(image ? [{ label: "Image", description: image }] : []),
    ];
  }

  private model(): Row[] {
    const { state, why, model, where, memory, tokensPerSecond } = this.parts.engine;
    return [
      { label: state, tooltip: why, ...(why ? { description: why } : {}), icon: state === "ready" ? "pass" : "circle-slash" },
      ...(model ? [{ label: "Model", description: model }] : []),
      ...(where ? [{ label: "Where", description: where }] : []),
      ...(memory ? [{ label: "Memory", description: `${Math.round(memory / 1e6)} MB` }] : []),
      ...(tokensPerSecond ? [{ label: "Speed", description: `${tokensPerSecond} tokens/s` }] : []),
    ];
  }
}

function suggestion(offer: Offer): Row {
  const text = offer.text.trim().split("\n")[0] ?? "";
  const icons = { passed: "pass-filled", failed: "error", unverified: "question" };
  return {
    label: text.length > 60 ? `${text.slice(0, 60)}…` : text,
    description: `${glance(offer.verdict)} · ${STAGES[offer.stage]}`,
    said: `${text}. ${spoken(offer.verdict)}. ${STAGES[offer.stage]}.`,
    tooltip: [offer.verdict.why, ...lines(offer.verdict)].join("\n"),
    icon: icons[offer.verdict.state],
    command: { command: "assay.showWhy", title: "Why", arguments: [offer.fate.traceId] },
  };
}
