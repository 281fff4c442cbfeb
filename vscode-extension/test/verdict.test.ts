import { expect, test } from "vitest";
import { type Check, fate, glance, lines, spoken, type Verdict } from "../src/verdict";

const check = (name: string, state: Check["state"], detail = ""): Check => ({ name, state, detail, ms: 1 });
const verdict = (state: Verdict["state"], checks: Check[], reason: string | null = null): Verdict => ({ state, reason, why: "", checks });

test("a pass names its tests, at a glance and spoken", () => {
  const passed = verdict("passed", [check("names", "passed"), check("tests", "passed", "4 tests, 2 newly passing")]);
  expect(glance(passed)).toBe("✓ 4 tests");
  expect(spoken(passed)).toBe("passed: 4 tests");
});

test("what is not proved says so with its reason", () => {
  const open = verdict("unverified", [], "no-tests");
  expect(glance(open)).toBe("? unverified: no-tests");
  expect(spoken(open)).toBe("unverified: no-tests");
});

test("a failure names the check that failed", () => {
  const failed = verdict("failed", [check("parse", "passed"), check("tests", "failed", "tests/test_x.py::test_y")]);
  expect(glance(failed)).toBe("✗ tests");
  expect(lines(failed)).toEqual(["✓ parse", "✗ tests: tests/test_x.py::test_y"]);
});

test("what is no fate is not taken for one", () => {
  expect(fate(undefined)).toBeUndefined();
  expect(fate({ suggestionId: "1", traceId: "2", verdict: { state: "great", why: "", checks: [] } })).toBeUndefined();
  expect(fate({ suggestionId: "1", traceId: "2", verdict: verdict("passed", []) })?.traceId).toBe("2");
});
