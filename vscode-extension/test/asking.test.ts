import { expect, test } from "vitest";
import { answer, PARTICIPANT, type Reply, register, rows } from "../src/asking";

const reply: Reply = {
  root: "file:///work/shop",
  lines: [
    { text: "`lines` calls it: `with_tax(1)`", source: "fact", places: [{ file: "src/report.py", line: 12 }] },
    { text: "`with_tax` is quick.", source: "unchecked", places: [] },
  ],
  notes: ["3 more are not shown."],
  change: { title: "rename with_tax to taxed", files: ["src/prices.py"], diff: "-a\n+b", state: "passed", verdict: "✓ 3 tests", told: ["passed: 3 tests"] },
  changeId: "c1",
};

const token = { isCancellationRequested: false } as never;

function told() {
  const said: unknown[] = [];
  const stream = {
    markdown: (text: string) => said.push(text),
    anchor: (place: { uri: { path: string }; range: { line: number } }, title: string) => said.push([place.uri.path, place.range.line, title]),
    button: (command: { command: string; arguments?: unknown[] }) => said.push(command),
    progress: (text: string) => said.push(`… ${text}`),
  };
  return { said, stream: stream as never };
}

test("a statement leads to its place, a change is written by its id", () => {
  const [write, first, second, note] = rows(reply);
  expect(write).toMatchObject({ label: "$(edit) Write it: rename with_tax to taxed", detail: "passed: 3 tests", writes: "c1" });
  expect(first).toMatchObject({ label: "lines calls it: with_tax(1)", description: "src/report.py:12", place: { line: 12 } });
  expect(second?.detail).toBe("the model's word, nothing here bears it out");
  expect(note?.label).toBe("$(info) 3 more are not shown.");
});

test("in the chat places are links, and what nothing bears out is marked", async () => {
  const { said, stream } = told();
  const asked: unknown[] = [];
  const server = {
    follow: async (name: string, argument: object, heard: (told: { message?: string }) => void) => {
      asked.push(name, argument);
      heard({ message: "reading the code" });
      return reply as never;
    },
  };
  expect(await answer(server, "who calls with_tax?", stream, token)).toEqual({ metadata: { about: true } });
  expect(asked).toEqual(["assay.ask", { text: "who calls with_tax?" }]);
  expect(said).toContain("… reading the code");
  expect(said).toContainEqual(["/work/shop/src/report.py", 11, "src/report.py:12"]);
  expect(said.join("\n")).toContain("_(the model's word, nothing here bears it out)_");
  expect(said).toContainEqual({ command: "assay.writeProposed", title: "Write It", arguments: ["c1"] });
});

test("a server that does not run is said, and what was ended says nothing", async () => {
  const { said, stream } = told();
  const away = await answer({ follow: async () => undefined }, "who?", stream, token);
  expect(away.errorDetails?.message).toContain("does not run");
  const ended = { follow: async () => Promise.reject(new Error("cancelled")) };
  expect(await answer(ended, "who?", stream, { isCancellationRequested: true } as never)).toEqual({});
  expect(said).toEqual([]);
});

test("an editor without a chat is left alone, and the participant has the manifest's name", async () => {
  register({} as never, {} as never).dispose();
  const { default: manifest } = await import("../package.json");
  expect(manifest.contributes.chatParticipants.map((one) => one.id)).toEqual([PARTICIPANT]);
});
