// Questions about the code, and what a pair is asked to do: from a box, or in the chat as @assay. Each statement has its places; a change is written once somebody says so.

import * as vscode from "vscode";
import { said } from "./said";
import type { Server } from "./server";

export interface Place {
  file: string;
  line: number;
}

export interface Line {
  text: string;
  source: "fact" | "likely" | "run" | "history" | "model" | "unchecked";
  places: Place[];
}

export interface Reply {
  root: string;
  lines: Line[];
  notes: string[];
  change: { title: string; files: string[]; diff: string; state: string | null; verdict: string | null; told: string[] } | null;
  changeId: string | null;
}

export const PARTICIPANT = "assay.pair";
/** What a source that is no fact is called. */
export const WORDS: Partial<Record<Line["source"], string>> = {
  likely: "by its name or words alone",
  model: "the model's word, borne out",
  unchecked: "the model's word, nothing here bears it out",
};
const LINES = 12;
const SHOWN = 8;

/** Ask in a box; the answer is a list of statements, each of which leads to its place. */
export async function ask(server: Server): Promise<void> {
  const text = await vscode.window.showInputBox({
    title: "Assay: Ask About This Code",
    prompt: "A question, or what is to be done: who calls parse? · rename Cart.total to net · is this safe to change?",
    placeHolder: "who calls parse?",
  });
  if (!text?.trim()) {
    return;
  }
  const options = { location: vscode.ProgressLocation.Notification, title: `Assay: ${text}`, cancellable: true };
  try {
    const reply = await vscode.window.withProgress(options, (progress, token) => replyTo(server, text, (told) => progress.report({ message: told }), token));
    if (reply === undefined) {
      void vscode.window.showWarningMessage("Assay: the server does not run.");
    } else if (reply !== null) {
      await choose(server, text, reply);
    }
  } catch (error) {
    void vscode.window.showWarningMessage(said(`Assay: ${error instanceof Error ? error.message : String(error)}`));
  }
}

interface Row extends vscode.QuickPickItem {
  place?: Place;
  writes?: string;
}

/** The rows of an answer: what it proposes first, then each statement. */
export function rows(reply: Reply): Row[] {
  const found: Row[] = [];
  if (reply.change !== null && reply.changeId !== null) {
    const told = reply.change.told[0] ?? reply.change.verdict ?? "it was not judged";
    found.push({ label: `$(edit) Write it: ${reply.change.title}`, description: reply.change.files.join(", "), detail: told, writes: reply.changeId });
  }
  for (const line of reply.lines) {
    const [place] = line.places;
    const word = WORDS[line.source];
    const more = line.places.length > 1 ? ` and ${line.places.length - 1} more` : "";
    found.push({
      label: line.text.replaceAll("`", ""),
      ...(place === undefined ? {} : { description: `${place.file}:${place.line}${more}`, place }),
      ...(word === undefined ? {} : { detail: word }),
    });
  }
  found.push(...reply.notes.map((note) => ({ label: `$(info) ${note}` })));
  return found;
}

async function choose(server: Server, text: string, reply: Reply): Promise<void> {
  const picked = await vscode.window.showQuickPick(rows(reply), { title: text, placeHolder: "Choose a statement to go to its place", matchOnDescription: true });
  if (picked?.writes !== undefined) {
    await write(server, picked.writes);
  } else if (picked?.place !== undefined) {
    const at = new vscode.Position(picked.place.line - 1, 0);
    await vscode.window.showTextDocument(uriOf(reply, picked.place), { selection: new vscode.Range(at, at) });
  }
}

/** Have a change that was proposed written, as an edit to review. */
export async function write(server: Server, id: unknown): Promise<void> {
  try {
    const done = await server.command<{ applied: boolean; title: string; files: string[] }>("assay.applyChange", { id });
    if (done?.applied) {
      void vscode.window.showInformationMessage(said(`Assay: ${done.title}: ${done.files.join(", ")}.`));
    }
  } catch (error) {
    void vscode.window.showWarningMessage(said(`Assay: ${error instanceof Error ? error.message : String(error)}`));
  }
}

export async function forget(server: Server): Promise<void> {
  const done = await server.command<{ forgotten: number }>("assay.forget", here() ?? {});
  if (done !== undefined) {
    void vscode.window.showInformationMessage(`Assay: ${done.forgotten} turns are forgotten.`);
  }
}

function uriOf(reply: Reply, place: Place): vscode.Uri {
  return vscode.Uri.joinPath(vscode.Uri.parse(reply.root), place.file);
}

/** Where somebody is, for "this function" and "these lines". */
function here(): { uri: string; range: { start: vscode.Position; end: vscode.Position } } | undefined {
  const editor = vscode.window.activeTextEditor;
  if (editor?.document.languageId !== "python" || editor.document.uri.scheme !== "file") {
    return undefined;
  }
  return { uri: editor.document.uri.toString(), range: { start: editor.selection.start, end: editor.selection.end } };
}

async function replyTo(server: Server, text: string, tell: (told: string) => void, token: vscode.CancellationToken): Promise<Reply | null | undefined> {
  try {
    return await server.follow<Reply | null>("assay.ask", { text, ...here() }, ({ message }) => message !== undefined && tell(message), token);
  } catch (error) {
    if (token.isCancellationRequested) {
      return null;
    }
    throw error;
  }
}

/** The chat participant @assay, in editors that have a chat. */
export function register(server: Server, icon: vscode.Uri): vscode.Disposable {
  const chat = vscode.chat as typeof vscode.chat | undefined;
  if (typeof chat?.createChatParticipant !== "function") {
    return { dispose: () => undefined };
  }
  const participant = chat.createChatParticipant(PARTICIPANT, (request, _context, stream, token) => answer(server, request.prompt, stream, token));
  participant.iconPath = icon;
  participant.followupProvider = {
    provideFollowups: (result) => ((result.metadata?.["about"] as boolean | undefined) ? FOLLOWUPS : []),
  };
  return participant;
}

/** A fence that nothing in the text ends. */
function fenceFor(text: string): string {
  const longest = Math.max(2, ...(text.match(/`+/g) ?? []).map((run) => run.length));
  return "`".repeat(longest + 1);
}

const FOLLOWUPS = ["who calls it?", "which tests cover it?", "is it safe to change?"].map((prompt) => ({ prompt }));

/** Answer in the chat: a list of statements with their places as links, and a change with a button. */
export async function answer(
  server: Pick<Server, "follow">,
  text: string,
  stream: vscode.ChatResponseStream,
  token: vscode.CancellationToken,
): Promise<vscode.ChatResult> {
  const reply = await replyTo(server as Server, text, (told) => stream.progress(told), token);
  if (reply === undefined) {
    return { errorDetails: { message: "Assay's server does not run; its status item says why." } };
  }
  if (reply === null) {
    return {};
  }
  const shown = reply.lines.filter((line, number) => number < LINES || line.source === "model" || line.source === "unchecked" || line.source === "run");
  for (const line of shown) {
    const word = WORDS[line.source];
    stream.markdown(`\n- ${line.text}${word === undefined ? "" : ` _(${word})_`} `);
    for (const place of line.places.slice(0, SHOWN)) {
      stream.anchor(new vscode.Location(uriOf(reply, place), new vscode.Position(place.line - 1, 0)), `${place.file}:${place.line}`);
      stream.markdown(" ");
    }
  }
  if (reply.lines.length > shown.length) {
    stream.markdown(`\n\n_${reply.lines.length - shown.length} more._`);
  }
  for (const note of reply.notes) {
    stream.markdown(`\n\n_${note}_`);
  }
  if (reply.change !== null && reply.changeId !== null) {
    const fence = fenceFor(reply.change.diff);
    stream.markdown(`\n\n**${reply.change.title}**\n\n${fence}diff\n${reply.change.diff}\n${fence}\n${reply.change.told[0] ?? reply.change.verdict ?? ""}\n`);
    stream.button({ command: "assay.writeProposed", title: "Write It", arguments: [reply.changeId] });
  }
  return { metadata: { about: reply.lines.length > 0 } };
}
