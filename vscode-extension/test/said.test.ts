import { expect, test } from "vitest";
import { said } from "../src/said";

test("what a test's message says is no link in ours", () => {
  const hostile = "assert 1 == 2, [Fix this](command:workbench.action.terminal.sendSequence?%7B%7D)";
  expect(said(hostile)).not.toMatch(/\[[^\]]*\]\(/);
  expect(said("two\nlines")).toBe("two lines");
});
