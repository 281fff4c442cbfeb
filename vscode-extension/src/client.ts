// The language client, as the library makes it. Loaded when the server is started and not before: it is most of the bundle.

import type * as vscode from "vscode";
import {
  CloseAction,
  ErrorAction,
  LanguageClient,
  type LanguageClientOptions,
  type Middleware,
  type ServerOptions,
  State,
  type StaticFeature,
  TransportKind,
  WorkDoneProgress,
} from "vscode-languageclient/node";
import { forServer } from "./settings";

/** Tells the server that a missing part is shown here, with a button, so that it sends no message of its own. */
const ANNOUNCES: StaticFeature = {
  fillClientCapabilities: (capabilities) => {
    capabilities.experimental = { ...(capabilities.experimental as object | undefined), assay: { status: true, describe: true, tests: true } };
  },
  initialize: () => undefined,
  getState: () => ({ kind: "static" }),
  clear: () => undefined,
};

/** What the server tells of work that takes its time. */
export const PROGRESS = WorkDoneProgress.type;

const SELECTOR = [
  { language: "python", scheme: "file" },
  { language: "python", scheme: "untitled" },
  { language: "python", scheme: "vscode-notebook-cell" },
];

export interface Connection {
  command: string;
  args: string[];
  /** The process's environment. */
  env: NodeJS.ProcessEnv;
  log: vscode.LogOutputChannel;
  middleware: Middleware;
  /** It runs, for the first time or again. */
  running: () => void;
  /** It died; true to have it started again. */
  died: () => boolean;
}

/** A client that is not started yet. */
export function connect(connection: Connection): LanguageClient {
  const { command, args, env } = connection;
  const run: ServerOptions = { command, args, transport: TransportKind.stdio, options: { env } };
  const client = new LanguageClient("assay", "Assay", run, options(connection));
  client.registerFeature(ANNOUNCES);
  client.onDidChangeState(({ newState }) => {
    if (newState === State.Running) {
      connection.running();
    }
  });
  return client;
}

function options({ log, middleware, died }: Connection): LanguageClientOptions {
  return {
    documentSelector: SELECTOR,
    initializationOptions: forServer(),
    outputChannel: log,
    markdown: { isTrusted: { enabledCommands: ["assay.describe"] } }, // the one link in a hover of the server's
    middleware: {
      ...middleware,
      workspace: {
        configuration: (params, token, next) =>
          params.items.length === 1 && params.items[0]?.section === "assay" ? [forServer()] : next(params, token),
      },
    },
    initializationFailedHandler: () => false, // whoever started it tells why, once
    errorHandler: {
      error: () => ({ action: ErrorAction.Continue, handled: true }),
      closed: () => ({ action: died() ? CloseAction.Restart : CloseAction.DoNotRestart, handled: true }),
    },
  };
}
