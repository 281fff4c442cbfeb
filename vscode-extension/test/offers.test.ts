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
