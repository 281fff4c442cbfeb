import { expect, test } from "vitest";
import { redacted } from "../src/report";

test("a report names neither the user nor their home, and no credentials", () => {
  const report = '"model": "/home/ada/models/m.gguf", "url": "https://ada:hunter2@models.example/v1", "who": "ada", "other": "adapt"';
  const told = redacted(report, "/home/ada", "ada");
  expect(told).toBe('"model": "~/models/m.gguf", "url": "https://…@models.example/v1", "who": "user", "other": "adapt"');
});
