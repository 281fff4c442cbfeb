import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { Busy } from "../src/busy";

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

test("what is answered soon is no sign, what takes long is one until the last is answered", async () => {
  const busy = new Busy();
  const seen: boolean[] = [];
  busy.onDidChange(() => seen.push(busy.isOn));
  await busy.during(Promise.resolve(1));
  expect(seen).toEqual([]);
  let finish = (): void => undefined;
  const slow = busy.during(new Promise<void>((resolve) => (finish = resolve)));
  vi.advanceTimersByTime(1000);
  expect(busy.isOn).toBe(true);
  await busy.during(Promise.resolve(2));
  expect(busy.isOn).toBe(true);
  finish();
  await slow;
  expect(seen).toEqual([true, false]);
});

test("a request that fails ends it as well", async () => {
  const busy = new Busy();
  await expect(busy.during(Promise.reject(new Error("gone")))).rejects.toThrow("gone");
  vi.advanceTimersByTime(1000);
  expect(busy.isOn).toBe(false);
});
