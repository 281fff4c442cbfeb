// What the server says of a suggestion, in the words and signs that people see. Knows nothing of VS Code.

export type State = "passed" | "failed" | "unverified";

export interface Check {
  name: string;
  state: "passed" | "failed" | "skipped" | "unverified";
  detail: string;
  ms: number;
}

export interface Verdict {
  state: State;
  reason: string | null;
  why: string;
  checks: Check[];
}

/** The argument of an item's command `assay.accepted`, as docs/protocol.md has it. */
export interface Fate {
  suggestionId: string;
  traceId: string;
  verdict: Verdict;
}

/** The command's argument as a Fate; undefined where a server sends something else. */
export function fate(argument: unknown): Fate | undefined {
  const given = argument as Partial<Fate> | undefined;
  const known = typeof given?.suggestionId === "string" && typeof given.traceId === "string" && isVerdict(given.verdict);
  return known ? (given as Fate) : undefined;
}

/** Whether a value from outside is a verdict. */
export function isVerdict(value: unknown): value is Verdict {
  const given = value as Partial<Verdict> | undefined;
  return (
    (given?.state === "passed" || given?.state === "failed" || given?.state === "unverified") &&
    typeof given.why === "string" &&
    Array.isArray(given.checks)
  );
}

const SIGNS: Record<State, string> = { passed: "✓", failed: "✗", unverified: "?" };

/** The verdict at a glance: "✓ 4 tests", "? unverified: no-tests", "✗ tests". */
export function glance(verdict: Verdict): string {
  return `${SIGNS[verdict.state]} ${words(verdict)}`;
}

/** The same without signs, for a screen reader: "passed: 4 tests". */
export function spoken(verdict: Verdict): string {
  return verdict.state === "unverified" ? words(verdict) : `${verdict.state}: ${words(verdict)}`;
}

function words(verdict: Verdict): string {
  if (verdict.state === "unverified") {
    return `unverified: ${verdict.reason ?? "no reason given"}`;
  }
  const state = verdict.state;
  const named = verdict.checks.filter((check) => check.state === state);
  const tests = named.find((check) => check.name === "tests");
  if (state === "passed") {
    return tests?.detail.split(",")[0] || "passed";
  }
  return named.map((check) => check.name).join(", ") || "failed";
}

/** One line a check: "✓ tests  4 tests, all that reach it". */
export function lines(verdict: Verdict): string[] {
  const signs = { passed: "✓", failed: "✗", unverified: "?", skipped: "–" };
  return verdict.checks.map((check) => `${signs[check.state]} ${check.name}${check.detail ? `: ${check.detail}` : ""}`);
}
