import { describe, expect, it } from "vitest";
import { of, preparing } from "../src/status";

describe("the status item", () => {
  it("names what is prepared before tests can run", () => {
    const sandbox = { state: "starting", why: "Preparing Python 3.12: pulling python:3.12-slim." };
    expect(preparing(sandbox)).toBe("preparing Python 3.12");
    expect(preparing({ ...sandbox, state: "ready" })).toBe("");
    expect(preparing({ ...sandbox, why: "The sandbox is starting." })).toBe("");
  });

  it("says which Python tests run with", () => {
    const told = "Python 3.12 of /p/.venv (.venv in /p)";
    expect(of({ told, flaw: "" })).toBe(` Tests run with ${told}.`);
    expect(of({ told, flaw: "it is gone" })).toBe(` Tests run with ${told}, but: it is gone.`);
    expect(of(undefined)).toBe("");
  });
});
