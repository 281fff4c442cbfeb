import { expect, test } from "vitest";
import type { InlineCompletionItem, TextDocument } from "vscode";
import { Position, Range } from "./vscode";
import { Offers } from "../src/offers";
import type { Verdict } from "../src/verdict";

const verdict = (state: Verdict["state"]): Verdict => ({ state, reason: null, why: "", checks: [] });
const document = { uri: { toString: () => "file:///x.py" }, getText: () => "" } as unknown as TextDocument;
const position = new Position(1, 0) as never;

function item(id: string): InlineCompletionItem {
  const range = new Range(new Position(1, 0), new Position(1, 0));
  const command = { title: "", command: "assay.accepted", arguments: [{ suggestionId: id, traceId: "t", verdict: verdict("unverified") }] };
  return { insertText: "a + b", range, command } as unknown as InlineCompletionItem;
}

test("an answer becomes the current offer, and no answer ends it", () => {
  const offers = new Offers();
  expect(offers.answered(document, position, [item("1")])).toHaveLength(1);
  expect(offers.current?.text).toBe("a + b");
  offers.answered(document, position, []);
  expect(offers.current).toBeUndefined();
  expect(offers.all[0]?.stage).toBe("gone");
});

test("a later verdict changes the offer in place, and one that fails is never given to the editor again", () => {
  const offers = new Offers();
  offers.answered(document, position, [item("1")]);
  offers.judged("1", verdict("passed"));
  expect(offers.current?.verdict.state).toBe("passed");
  offers.judged("1", verdict("failed"));
  expect(offers.all[0]?.stage).toBe("withdrawn");
  expect(offers.answered(document, position, [item("1")])).toHaveLength(0);
});

test("an offer that was taken stays accepted when it fails later", () => {
  const offers = new Offers();
  offers.answered(document, position, [item("1")]);
  offers.accepted("1");
  expect(offers.judged("1", verdict("failed"))?.stage).toBe("accepted");
});

test("the list is bounded, newest first", () => {
  const offers = new Offers();
  for (let number = 0; number < 60; number += 1) {
    offers.answered(document, position, [item(String(number))]);
  }
  expect(offers.all).toHaveLength(50);
  expect(offers.all[0]?.fate.suggestionId).toBe("59");
});

test("an offer is at the cursor while what was typed is its beginning, and no longer", () => {
  const offers = new Offers();
  offers.answered(document, position, [item("1")]);
  const typed = (text: string): TextDocument => ({ ...document, uri: document.uri, getText: () => text }) as unknown as TextDocument;
  expect(offers.fits(typed("a +"), new Position(1, 3) as never)).toBe(true);
  expect(offers.fits(typed("b"), new Position(1, 1) as never)).toBe(false);
  expect(offers.fits(typed(""), new Position(2, 0) as never)).toBe(false);
  const other = { uri: { toString: () => "file:///y.py" }, getText: () => "" } as unknown as TextDocument;
  expect(offers.fits(other, new Position(9, 9) as never)).toBe(true);
});

test("a text that was taken moves with the lines that are written above it", () => {
  const offers = new Offers();
  offers.answered(document, position, [item("1")]);
  offers.accepted("1");
  const change = (from: number, to: number, text: string): unknown => ({ range: new Range(new Position(from, 0), new Position(to, 0)), text });
  offers.edited({ document, contentChanges: [change(0, 0, "import os\nimport re\n")] } as never);
  expect(offers.all[0]?.movedLines).toBe(2);
  offers.edited({ document, contentChanges: [change(0, 1, "")] } as never);
  expect(offers.all[0]?.movedLines).toBe(1);
  offers.edited({ document, contentChanges: [change(7, 7, "\n")] } as never);
  expect(offers.all[0]?.movedLines).toBe(1);
});
