import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { listenForKeys } from "../useKeys.ts";

let pressed: string[];
let target: EventTarget;
let stop: () => void;

function press(key: string, at: number): void {
  const event = Object.assign(new Event("keydown"), { key });
  Object.defineProperty(event, "timeStamp", { value: at });
  target.dispatchEvent(event);
}

beforeEach(() => {
  vi.useFakeTimers();
  pressed = [];
  target = new EventTarget();
  stop = listenForKeys(target as Document, ({ key }) => pressed.push(key));
});

afterEach(() => {
  stop();
  vi.useRealTimers();
});

test("a key that is pressed alone counts", () => {
  press("1", 1000);
  vi.advanceTimersByTime(500);
  press("2", 1500);
  vi.advanceTimersByTime(500);
  expect(pressed).toEqual(["1", "2"]);
});

test("the digits of a scanner choose nothing, not even the first and the last", () => {
  [..."1313"].forEach((digit, place) => {
    press(digit, 1000 + place * 20);
    vi.advanceTimersByTime(20);
  });
  vi.advanceTimersByTime(500);
  expect(pressed).toEqual([]);
});

test("nothing is chosen after the screen is gone", () => {
  press("1", 1000);
  stop();
  vi.advanceTimersByTime(500);
  expect(pressed).toEqual([]);
});
