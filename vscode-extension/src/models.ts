// Which model is used, and the key of the server that has it: chosen here, kept in the settings and in the secret storage.

import { execFile } from "node:child_process";
import { promisify } from "node:util";
import * as vscode from "vscode";
import type { Server } from "./server";
import { environment } from "./settings";

const run = promisify(execFile);
const LIST_MS = 10_000;
const KEY = "assay.engine.key";

interface Choice extends vscode.QuickPickItem {
  pick: () => Promise<{ model: string; url: string } | undefined>;
}

/** Choose a model of this machine, a file, or a server, and have it used from now on. */
export async function choose(server: Server): Promise<void> {
  const choices: Choice[] = [
    ...(await listed(server)),
    { label: "$(file) A GGUF file…", pick: pickFile },
    { label: "$(globe) A server at a URL…", description: "Ollama, llama.cpp, vLLM, SGLang", pick: pickServer },
  ];
  const picked = await vscode.window.showQuickPick(choices, { title: "Assay: Use Another Model", matchOnDescription: true });
  const chosen = await picked?.pick();
  if (chosen !== undefined) {
    const settings = vscode.workspace.getConfiguration("assay");
    // Written also where it is empty: what settings.toml or the environment say must not come back.
    await settings.update("engine.url", chosen.url, vscode.ConfigurationTarget.Global);
    await settings.update("engine.model", chosen.model, vscode.ConfigurationTarget.Global);
  }
}

/** Keep the API key of `assay.engine.url` where VS Code keeps secrets, with the server that it is for; an empty one forgets it. */
export async function setKey(secrets: vscode.SecretStorage, server: Server): Promise<void> {
  const origin = originOf(engineUrl());
  if (origin === undefined) {
    void vscode.window.showInformationMessage("Assay: a key belongs to a server. Choose one first: Assay: Use Another Model.");
    return;
  }
  const key = await vscode.window.showInputBox({
    title: `Assay: API Key for ${origin}`,
    prompt: "Kept in the secret storage, and given to Assay's server for this address only. Empty forgets it.",
    password: true,
    ignoreFocusOut: true,
  });
  if (key === undefined) {
    return;
  }
  await (key ? secrets.store(KEY, JSON.stringify({ origin, key })) : secrets.delete(KEY));
  await server.restart();
}

/** The environment that gives Assay's server the key of the model's server, where one is kept for its address; {} otherwise. */
export async function keyEnvironment(secrets: vscode.SecretStorage): Promise<Record<string, string>> {
  const kept = await secrets.get(KEY);
  const { origin, key } = (kept ? JSON.parse(kept) : {}) as { origin?: string; key?: string };
  return key && origin !== undefined && origin === originOf(engineUrl()) ? { ASSAY_ENGINE_API_KEY: key } : {};
}

function engineUrl(): string {
  return vscode.workspace.getConfiguration("assay").get<string>("engine.url", "");
}

function originOf(url: string): string | undefined {
  return URL.canParse(url) ? new URL(url).origin : undefined;
}

async function listed(server: Server): Promise<Choice[]> {
  const [program, ...rest] = (await server.program()) ?? [];
  if (program === undefined) {
    return [];
  }
  try {
    const { stdout } = await run(program, [...rest, "model", "list", "--json"], { timeout: LIST_MS, cwd: "/", env: { ...process.env, ...environment() } });
    const { models } = JSON.parse(stdout) as { models: { name: string; path: string; bytes: number; used: boolean; fallback: boolean }[] };
    return models.map((model) => ({
      label: `$(chip) ${model.name}`,
      description: `${Math.round(model.bytes / 1e6)} MB${model.used ? ", in use" : ""}${model.fallback ? ", the fallback model: small, often poor" : ""}`,
      pick: () => Promise.resolve({ model: model.fallback ? "" : model.path, url: "" }),
    }));
  } catch {
    return []; // the other ways still work, and the doctor tells why this one does not
  }
}

async function pickFile(): Promise<{ model: string; url: string } | undefined> {
  const picked = await vscode.window.showOpenDialog({ title: "A model in GGUF format", filters: { GGUF: ["gguf"] } });
  return picked?.[0] && { model: picked[0].fsPath, url: "" };
}

async function pickServer(): Promise<{ model: string; url: string } | undefined> {
  const url = await vscode.window.showInputBox({
    title: "Assay: URL of the Model's Server",
    value: "http://127.0.0.1:11434",
    ignoreFocusOut: true,
    validateInput: (text) => (/^https?:\/\/\S+$/.test(text) ? undefined : "A URL begins with http:// or https://"),
  });
  return url ? { model: "", url } : undefined;
}
