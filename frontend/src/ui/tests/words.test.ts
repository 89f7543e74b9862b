import { expect, test } from "vitest";
import {
  age,
  answeredBy,
  differing,
  doubt,
  loudest,
  need,
  percent,
  quoted,
  spoken,
} from "../words.ts";

test("a share is cut off and never looks surer than it is", () => {
  expect(percent(973_456)).toBe("97.3\u00a0%");
  expect(percent(999_999)).toBe("99.9\u00a0%");
  expect(percent(1_000_000)).toBe("100.0\u00a0%");
  expect(percent(208)).toBe("<\u00a00.1\u00a0%");
  expect(percent(0)).toBe("0.0\u00a0%");
});

test("an age is told in the largest unit that fits", () => {
  const at = new Date("2026-01-01T00:00:00Z");
  const later = (seconds: number) => new Date(at.getTime() + seconds * 1000);
  expect(age(at, later(59))).toBe("a moment ago");
  expect(age(at, later(60))).toBe("1 minute ago");
  expect(age(at, later(2 * 3600 + 59))).toBe("2 hours ago");
  expect(age(at, later(86_400 * 3))).toBe("3 days ago");
  expect(age(at, later(-30))).toBe("a moment ago");
});

test("who answered is told with the reason why the others did not", () => {
  expect(answeredBy("live", [])).toBe("by the live model");
  expect(answeredBy("fallback", [{ path: "live", why: "unusable" }])).toBe(
    "by the fallback model, because the live model could not be used",
  );
  expect(
    answeredBy("rules", [
      { path: "live", why: "nothing_known" },
      { path: "fallback", why: "unusable" },
    ]),
  ).toBe(
    "by the rules, because the live model knew none of its words and the fallback model could not be used",
  );
});

test("the need of a person names both figures", () => {
  const unsure = {
    category: "Tools",
    confidence_ppm: 612_000,
    threshold_ppm: 800_000,
    needs_review: true,
  };
  expect(need(unsure)).toContain("61.2\u00a0% is less than the 80.0\u00a0%");
  expect(need({ ...unsure, confidence_ppm: 900_000, needs_review: false })).toMatch(/^Sure enough/);
  expect(need({ ...unsure, threshold_ppm: null })).toContain("no confidence is known to be enough");
  expect(need({ ...unsure, threshold_ppm: 1_000_000 })).toContain("no confidence is enough");
  expect(need({ ...unsure, category: null, confidence_ppm: null })).toMatch(/^No suggestion/);
});

test("letters show whether they begin or end a word", () => {
  expect(quoted("characters", "<dri")).toBe("“dri…”");
  expect(quoted("characters", "nge>")).toBe("“…nge”");
  expect(quoted("characters", "rdl")).toBe("“…rdl…”");
});

test("a contribution is told with its place", () => {
  const one = { field: "name", kind: "word", text: "drill", amount: 1 };
  expect(spoken(one)).toBe("“drill” in the name");
  const number = { field: "weight_g", kind: "number", text: "is missing", amount: 1 };
  expect(spoken(number)).toBe("no weight");
  expect(spoken({ ...number, text: "is in bucket f82" })).toBe("the weight (1,449 to 1,722 g)");
});

test("what spoke most are words before letters, and nothing that spoke against", () => {
  const all = [
    { field: "name", kind: "characters", text: "<dri", amount: 9 },
    { field: "name", kind: "characters", text: "corn", amount: 8 },
    { field: "name", kind: "word", text: "saw", amount: -8 },
    { field: "name", kind: "word", text: "drill", amount: 7 },
    { field: "description", kind: "word", text: "drill", amount: 6 },
    { field: "weight_g", kind: "number", text: "is missing", amount: 5 },
  ];
  expect(loudest(all, 3)).toEqual(["“drill”", "“…corn…”", "no weight"]);
});

test("why a recalled answer waits is told in the words of whoever recalled the model", () => {
  expect(doubt("Swapped labels.")).toBe("The model that said this was recalled: Swapped labels.");
});

test("an answer that differs from a tablet's waits with what the tablet had said", () => {
  expect(differing({ category: "Tools > Drills", confidence_ppm: 871_000 })).toBe(
    "A tablet had answered Tools > Drills, 87.1\u00a0%. The server’s answer differs, so a person decides.",
  );
});
