// Find a Python that can run the server: the one in the settings, the one that the Python extension uses, or one on the PATH.

import { execFile } from "node:child_process";
import { promisify } from "node:util";
import * as vscode from "vscode";

const run = promisify(execFile);

/** The versions that the server runs on: from the first to before the second. */
const FROM = [3, 11] as const;
const BEFORE = [3, 14] as const;
const ON_PATH = ["python3.13", "python3.12", "python3.11", "python3", "python"];
/** A Python that says nothing for so long is none: the slowest start seen took under two seconds. */
const LOOK_MS = 10_000;
const ASK = "import sys; print(*sys.version_info[:2], sys.executable)";

export class NoPython extends Error {}

/** The absolute path of a usable interpreter. Throws NoPython, whose message says what was tried. */
export async function find(): Promise<string> {
  const wanted = vscode.workspace.getConfiguration("assay").get<string>("python", "");
  const candidates = wanted ? [wanted] : [...(await ofPythonExtension()), ...ON_PATH];
  const seen: string[] = [];
  for (const candidate of candidates) {
    const answer = await look(candidate);
    if ("path" in answer) {
      return answer.path;
    }
    seen.push(`${candidate}: ${answer.why}`);
  }
  throw new NoPython(`Assay needs Python 3.11, 3.12 or 3.13 for its server. Looked at: ${seen.join("; ")}.`);
}

async function look(candidate: string): Promise<{ path: string } | { why: string }> {
  try {
    // Isolated, and from a folder of ours: nothing of the workspace is imported by being asked for a version.
    const { stdout } = await run(candidate, ["-I", "-c", ASK], { timeout: LOOK_MS, cwd: "/" });
    const [major, minor, ...path] = stdout.trim().split(" ");
    const version = [Number(major), Number(minor)] as const;
    const fits = version[0] === 3 && version[1] >= FROM[1] && version[1] < BEFORE[1];
    return fits ? { path: path.join(" ") } : { why: `is ${version.join(".")}` };
  } catch (error) {
    return { why: (error as NodeJS.ErrnoException).code === "ENOENT" ? "not there" : "does not answer" };
  }
}

/**
 * What the Python extension uses for this window, unless that lies in the workspace: an environment that a repository
 * brings along is its code, and is not run.
 */
async function ofPythonExtension(): Promise<string[]> {
  const extension = vscode.extensions.getExtension("ms-python.python");
  if (extension === undefined || !vscode.workspace.isTrusted) {
    return [];
  }
  try {
    const api = await extension.activate();
    const path: unknown = api?.environments?.getActiveEnvironmentPath?.()?.path;
    const folders = vscode.workspace.workspaceFolders ?? [];
    const inside = folders.some((folder) => typeof path === "string" && path.startsWith(folder.uri.fsPath));
    return typeof path === "string" && !inside ? [path] : [];
  } catch {
    return []; // another extension's failure is no reason not to look further
  }
}
