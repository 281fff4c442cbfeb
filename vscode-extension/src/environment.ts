// The server's own Python environment: made once for each version of the bundled wheel, below the extension's storage.

import { execFile } from "node:child_process";
import { createHash } from "node:crypto";
import * as fs from "node:fs/promises";
import * as path from "node:path";
import * as vscode from "vscode";

const READY = ".ready";
const LOCK = ".installing";
/** A lock that was not touched for so long was left by a window that died: pip says something more often than that. */
const STALE_MS = 120_000;
const TURN_MS = 500;
/** No window that runs has used an environment for so long: each says now and then that it does. */
const UNUSED_MS = 7 * 24 * 3_600_000;
const USING_MS = UNUSED_MS / 14;

export class InstallFailed extends Error {}

export interface Install {
  /** Where environments live: the extension's global storage. */
  storage: string;
  /** The folder with the wheel that comes with the extension. */
  bundle: string;
  /** A folder of wheels to install from without a network; "" for the configured index. */
  wheels: string;
  python: () => Promise<string>;
  /** The interpreter that the settings name; "" for whichever was found. An environment of another one is made anew. */
  wanted: string;
  log: vscode.LogOutputChannel;
}

/** The environment's interpreter where it is installed already; undefined where it has to be made. */
export async function installed(install: Install): Promise<string | undefined> {
  const folder = await folderFor(install);
  return (await isReady(folder, install.wanted)) ? interpreter(folder) : undefined;
}

/** Whether it is finished, and its Python is still there: the system's may have been replaced by a newer one. */
async function isReady(folder: string, wanted: string): Promise<boolean> {
  const made = await fs.readFile(path.join(folder, READY), "utf8").catch(() => undefined);
  return made !== undefined && (wanted === "" || made === wanted) && (await exists(interpreter(folder)));
}

/**
 * Make the environment; a second window waits for the first. Returns its interpreter.
 * Throws NoPython, or InstallFailed with pip's last line and what to do.
 */
export async function make(install: Install, tell: (step: string) => void): Promise<string> {
  const folder = await folderFor(install);
  await fs.mkdir(install.storage, { recursive: true });
  const lock = path.join(install.storage, LOCK);
  while (!(await take(lock))) {
    tell("another window is installing it");
    await new Promise((resolve) => setTimeout(resolve, TURN_MS));
  }
  const touching = setInterval(() => void fs.utimes(lock, new Date(), new Date()).catch(() => undefined), STALE_MS / 4);
  try {
    if (await isReady(folder, install.wanted)) {
      return interpreter(folder);
    }
    await fs.rm(folder, { recursive: true, force: true });
    const python = await install.python();
    tell("making a Python environment");
    await step(install, python, ["-I", "-m", "venv", folder], "The environment could not be made; on Debian and Ubuntu it needs `apt install python3-venv`.");
    tell("installing the server and what it needs");
    const source = install.wheels ? ["--no-index", "--find-links", install.wheels] : [];
    const pip = ["-I", "-m", "pip", "install", "--disable-pip-version-check", "--no-input", ...source];
    const wheel = path.join(install.bundle, await wheelIn(install.bundle));
    await step(install, interpreter(folder), [...pip, wheel], "pip could not install it. Behind a proxy set PIP_PROXY or PIP_INDEX_URL; without a network name a folder of wheels in `assay.wheels`.");
    await step(install, interpreter(folder), [...pip, `${wheel}[mcp]`], "").catch((error: unknown) => install.log.warn(`without the server for agents: ${String(error)}`));
    await fs.writeFile(path.join(folder, READY), install.wanted);
    await forget(install.storage, folder);
    return interpreter(folder);
  } finally {
    clearInterval(touching);
    await fs.rm(lock, { force: true });
  }
}

/** Say that a window's server runs from the environment, from now on until it is disposed of. */
export function use(install: Install): { dispose(): void } {
  const say = async (): Promise<void> => fs.utimes(path.join(await folderFor(install), READY), new Date(), new Date());
  const saying = (): void => void say().catch(() => undefined);
  saying();
  const timer = setInterval(saying, USING_MS);
  return { dispose: () => clearInterval(timer) };
}

async function folderFor(install: Install): Promise<string> {
  const name = await wheelIn(install.bundle);
  const hash = createHash("sha256").update(await fs.readFile(path.join(install.bundle, name))).digest("hex");
  return path.join(install.storage, `server-${hash.slice(0, 12)}`);
}

async function wheelIn(folder: string): Promise<string> {
  const found = (await fs.readdir(folder).catch(() => [])).find((name) => name.endsWith(".whl"));
  if (found === undefined) {
    throw new InstallFailed("This build of the extension holds no server. Set `assay.path` to an installed `assay`.");
  }
  return found;
}

function interpreter(folder: string): string {
  return process.platform === "win32" ? path.join(folder, "Scripts", "python.exe") : path.join(folder, "bin", "python");
}

async function take(lock: string): Promise<boolean> {
  try {
    await fs.writeFile(lock, String(process.pid), { flag: "wx" });
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "EEXIST") {
      throw new InstallFailed(`The server cannot be installed in ${path.dirname(lock)} (${String(error)}).`);
    }
    const age = await fs.stat(lock).then((found) => Date.now() - found.mtimeMs, () => 0);
    if (age > STALE_MS) {
      await fs.rm(lock, { force: true });
    }
    return false;
  }
}

function step(install: Install, program: string, args: string[], advice: string): Promise<void> {
  install.log.info(`${program} ${args.join(" ")}`);
  return new Promise((resolve, reject) => {
    const child = execFile(program, args, { maxBuffer: 1 << 26, cwd: install.storage }, (error, stdout, stderr) => {
      if (error === null) {
        resolve();
        return;
      }
      const last = (stderr.trim() || stdout.trim()).split("\n").at(-1) || error.message;
      reject(new InstallFailed(`${advice} (${last.slice(0, 300)})`));
    });
    child.stdout?.on("data", (text: Buffer | string) => install.log.debug(String(text).trimEnd()));
    child.stderr?.on("data", (text: Buffer | string) => install.log.warn(String(text).trimEnd()));
  });
}

/** Environments of older versions are removed once a newer one works, and nobody's window runs them any more. */
async function forget(storage: string, kept: string): Promise<void> {
  for (const name of await fs.readdir(storage)) {
    const old = path.join(storage, name);
    const used = name.startsWith("server-") && old !== kept && (await fs.stat(path.join(old, READY)).catch(() => undefined));
    if (used && Date.now() - used.mtimeMs > UNUSED_MS) {
      await fs.rm(path.join(storage, name), { recursive: true, force: true });
    }
  }
}

function exists(file: string): Promise<boolean> {
  return fs.access(file).then(() => true, () => false);
}
