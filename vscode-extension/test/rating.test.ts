import { afterEach, expect, test, vi } from "vitest";
import * as vscode from "vscode";
import { rate } from "../src/rating";

afterEach(() => vi.restoreAllMocks());

function asked(word: string | undefined, answer: unknown) {
  const sent: unknown[] = [];
  const server = {
    command: async (...told: unknown[]) => {
      sent.push(told);
      return answer;
    },
  };
  vi.spyOn(vscode.window, "showInputBox").mockResolvedValue(word);
  const warned = vi.spyOn(vscode.window, "showWarningMessage").mockResolvedValue(undefined);
  return { sent, warned, server: server as never };
}

test("a thumb goes with its word, which may be empty", async () => {
  const { sent, warned, server } = asked("", { told: true, why: "" });
  await rate(server, "up");
  expect(sent).toEqual([["assay.feedback", { thumb: "up", word: "" }]]);
  expect(warned).not.toHaveBeenCalled();
});

test("whoever closes the box tells nothing, and why nothing was told is said", async () => {
  const left = asked(undefined, { told: true, why: "" });
  await rate(left.server, "down");
  expect(left.sent).toEqual([]);
  const { warned, server } = asked("wrong", { told: false, why: "No suggestion was shown yet." });
  await rate(server, "down");
  expect(warned).toHaveBeenCalledWith("Assay: No suggestion was shown yet.");
});
