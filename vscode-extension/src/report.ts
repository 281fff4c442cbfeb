// A report for whoever helps: versions, states, settings and the doctor's findings, opened to be read before it is sent. Nothing is sent from here.

import { execFile } from "node:child_process";
import * as os from "node:os";
import * as vscode from "vscode";
import type { Server } from "./server";
import { environment, forServer } from "./settings";

const DOCTOR_MS = 30_000;

export async function collect(server: Server, version: string): Promise<void> {
  const options = { location: vscode.ProgressLocation.Window, title: "Assay: collecting a report" };
  const content = await vscode.window.withProgress(options, () => text(server, version));
  const document = await vscode.workspace.openTextDocument({ language: "markdown", content });
  await vscode.window.showTextDocument(document);
}

async function text(server: Server, version: string): Promise<string> {
  const status = await server.command("assay.status").catch(String);
  const parts = {
    versions: { assay: version, vscode: vscode.version, system: `${os.platform()} ${os.release()} ${os.arch()}`, remote: vscode.env.remoteName ?? "" },
    server: server.condition,
    status: status ?? "the server does not run",
    settings: forServer(),
  };
  const sections = Object.entries(parts).map(([name, value]) => `## ${name}\n\n\`\`\`json\n${JSON.stringify(value, null, 2)}\n\`\`\`\n`);
  return redacted(`# Assay: report\n\nRead it before you pass it on: it holds no source text.\n\n${sections.join("\n")}\n## doctor\n\n\`\`\`\n${await doctor(server)}\n\`\`\`\n`);
}

/** What `assay doctor` finds, with the settings of this window. */
export async function doctor(server: Server): Promise<string> {
  const [program, ...rest] = (await server.program()) ?? [];
  if (program === undefined) {
    return "the server is not installed";
  }
  return new Promise((resolve) => {
    execFile(program, [...rest, "doctor"], { timeout: DOCTOR_MS, cwd: "/", env: { ...process.env, ...environment() } }, (error, stdout) => resolve(stdout || String(error)));
  });
}

/** Without the user's name and home folder, and without credentials in URLs. */
export function redacted(report: string, home: string = os.homedir(), user: string = os.userInfo().username): string {
  const named = report.replaceAll(home, "~").replaceAll(/:\/\/[^/\s"@]+@/g, "://…@");
  return user.length > 2 ? named.replaceAll(new RegExp(`\\b${user.replaceAll(/[^\w]/g, "\\$&")}\\b`, "g"), "user") : named;
}
