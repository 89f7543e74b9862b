import { expect, test } from "vitest";
import * as rules from "../rules.ts";

const at = (path: string) => new URL(path, "https://shelf.example");

test("only the prediction of one stored product is answered from the cache", () => {
  expect(rules.isPrediction(at("/api/v1/products/7/prediction"))).toBe(true);
  for (const other of [
    "/api/v1/products/7/predictions",
    "/api/v1/products/7",
    "/api/v1/products/x/prediction",
    "/api/v1/predictions",
    "/elsewhere/api/v1/products/7/prediction",
  ]) {
    expect(rules.isPrediction(at(other)), other).toBe(false);
  }
});

test("an explanation is known by its receipt, whatever category it is asked for", () => {
  const id = "01890a5d-ac96-774b-bcce-b302099a8057";
  expect(rules.isExplanation(at(`/api/v1/predictions/${id}/explanation`))).toBe(true);
  expect(rules.isExplanation(at(`/api/v1/predictions/${id}/explanation?category=A`))).toBe(true);
  expect(rules.isExplanation(at(`/api/v1/predictions/${id}`))).toBe(false);
  expect(rules.isExplanation(at(`/api/v1/predictions/${id}/review`))).toBe(false);
});

test("every page where people sign in or out is a door", () => {
  for (const door of ["/sign-in", "/sign-out", "/admin/login/", "/admin/logout/"]) {
    expect(rules.isDoor(at(door)), door).toBe(true);
  }
  for (const other of ["/", "/admin/", "/sign-inside", "/api/v1/session", "/tablet/sign-in"]) {
    expect(rules.isDoor(at(other)), other).toBe(false);
  }
});

test("the shell stands for the tablet and for nothing beside it", () => {
  expect(rules.isTablet(at("/tablet/"))).toBe(true);
  expect(rules.isTablet(at("/tablet/products/7"))).toBe(true);
  expect(rules.isTablet(at("/tablets/"))).toBe(false);
  expect(rules.isTablet(at("/products/7"))).toBe(false);
});

test("the limits are those that docs/tablet.md promises", () => {
  expect(rules.PATIENCE_S).toBe(4);
  expect(rules.PREDICTIONS).toEqual({
    cacheName: "predictions",
    maxEntries: 50,
    maxAgeSeconds: 24 * 60 * 60,
  });
});
