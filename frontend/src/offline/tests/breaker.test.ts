import { expect, test } from "vitest";
import { Breaker } from "../breaker.ts";

test("one timeout changes nothing", () => {
  const breaker = new Breaker();
  breaker.timedOut(1000);
  expect(breaker.isOpen(1001)).toBe(false);
});

test("two timeouts within thirty seconds spare the network for thirty", () => {
  const breaker = new Breaker();
  breaker.timedOut(0);
  breaker.timedOut(29_000);
  expect(breaker.isOpen(29_001)).toBe(true);
  expect(breaker.isOpen(58_999)).toBe(true);
  expect(breaker.isOpen(59_000)).toBe(false);
});

test("two timeouts that lie further apart are two accidents", () => {
  const breaker = new Breaker();
  breaker.timedOut(0);
  breaker.timedOut(30_000);
  expect(breaker.isOpen(30_001)).toBe(false);
});

test("after a rest it takes two new timeouts", () => {
  const breaker = new Breaker();
  breaker.timedOut(0);
  breaker.timedOut(1);
  breaker.timedOut(30_002);
  expect(breaker.isOpen(30_003)).toBe(false);
  breaker.timedOut(30_004);
  expect(breaker.isOpen(30_005)).toBe(true);
});

test("an answer in time makes up for it", () => {
  const breaker = new Breaker();
  breaker.timedOut(0);
  breaker.timedOut(1);
  breaker.answered();
  expect(breaker.isOpen(2)).toBe(false);
  breaker.timedOut(3);
  expect(breaker.isOpen(4)).toBe(false);
});
