import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { Burst, type Stroke } from "../burst.ts";

const QUIET = 10_000;
const GS = "\u001d";

function stroke(key: string, at: number, more: Partial<Stroke> = {}): Stroke {
  const held = { ctrl: false, alt: false, meta: false, shift: false };
  return { key, code: "", at, isRepeat: false, ...held, ...more };
}

interface Key {
  key: string;
  gap: number;
  more?: Partial<Stroke>;
}

/** Press keys one after the other, then wait; return what was scanned and what was swallowed. */
function press(keys: readonly Key[], isField: boolean) {
  const burst = new Burst();
  const scans: string[] = [];
  const swallowed: string[] = [];
  let at = 0;
  for (const { key, gap, more } of keys) {
    at += gap;
    const { swallow, scan } = burst.down(stroke(key, at, more), isField);
    if (scan !== null) {
      scans.push(scan);
    }
    if (swallow) {
      swallowed.push(key);
    }
    if (key === "Alt") {
      continue;
    }
    if (more?.alt === false && more.code === "AltLeft") {
      burst.up({ key: "Alt", at });
    }
  }
  const rest = burst.ended(at + QUIET, isField);
  return { scans: rest === null ? scans : [...scans, rest], swallowed };
}

const typed = (text: string, gap: number): Key[] => [...text].map((key) => ({ key, gap }));

// Generators

const code = fc
  .array(fc.constantFrom(..."0123456789ABCxyz-/.() "), { minLength: 6, maxLength: 30 })
  .map((letters) => letters.join(""));
const suffix = fc.constantFrom("Enter", "Tab", null);

/** Keys as a scanner sends them: steady, some jitter, modifiers between them. */
function scanned(text: string, gaps: readonly number[], end: string | null): Key[] {
  const gapAt = (place: number) => gaps[place % gaps.length] ?? 0;
  const keys: Key[] = [...text].flatMap((key, place) => {
    const gap = place === 0 ? QUIET : gapAt(place);
    return /[A-Z]/.test(key)
      ? [
          { key: "Shift", gap },
          { key, gap: 0, more: { shift: true } },
        ]
      : [{ key, gap }];
  });
  return end === null ? keys : [...keys, { key: end, gap: gapAt(text.length) }];
}

/**
 * Keys as people type them. Single keys follow fast when fingers roll, words come at 60 ms a key at
 * the very fastest (200 words a minute), and keys are held down, corrected and sent with Enter.
 */
const person: fc.Arbitrary<Key[]> = fc
  .array(
    fc.oneof(
      {
        weight: 6,
        arbitrary: fc.record({ key: letter(), gap: fc.integer({ min: 60, max: 400 }) }),
      },
      {
        // A roll: the second key comes at once, and the next one later for it.
        weight: 2,
        arbitrary: fc
          .tuple(letter(), letter(), fc.integer({ min: 30, max: 50 }))
          .map(([one, two, gap]) => [
            { key: one, gap: 95 },
            { key: two, gap },
          ]),
      },
      {
        weight: 1,
        arbitrary: fc
          .tuple(letter(), fc.integer({ min: 6, max: 30 }))
          .map(([key, times]) => [
            { key, gap: 120 },
            ...Array.from({ length: times }, () => ({ key, gap: 33, more: { isRepeat: true } })),
          ]),
      },
      {
        weight: 1,
        arbitrary: fc.record({
          key: fc.constantFrom("Backspace", "ArrowLeft", "Enter", "Tab", "Escape"),
          gap: fc.integer({ min: 5, max: 300 }),
        }),
      },
    ),
    { maxLength: 60 },
  )
  .map((parts) => parts.flat());

function letter() {
  return fc.constantFrom(..."abcdefghijklmnopqrstuvwxyz0123456789 .,");
}

describe("a person and a scanner are told apart", () => {
  test("what people type into a field is never taken for a scan, and reaches the page", () => {
    fc.assert(
      fc.property(person, (keys) => {
        expect(press(keys, true)).toEqual({ scans: [], swallowed: [] });
      }),
      { numRuns: 2_000 },
    );
  });

  test("without a suffix, nothing that people type anywhere is taken for a scan", () => {
    fc.assert(
      fc.property(person, (keys) => {
        const noSuffix = keys.filter(({ key }) => key !== "Enter" && key !== "Tab");
        expect(press(noSuffix, false).scans).toEqual([]);
      }),
      { numRuns: 2_000 },
    );
  });

  test("a scan is always taken for one, with each suffix, in a field and elsewhere", () => {
    const gaps = fc.array(fc.integer({ min: 0, max: 50 }), { minLength: 1, maxLength: 40 });
    fc.assert(
      fc.property(code, gaps, suffix, fc.boolean(), (text, between, end, isField) => {
        const { scans, swallowed } = press(scanned(text, between, end), isField);
        expect(scans).toEqual([text]);
        expect(swallowed.filter((key) => key === end)).toEqual(end === null ? [] : [end]);
      }),
      { numRuns: 2_000 },
    );
  });

  test("a slow scanner with a suffix is believed where people do not type", () => {
    const keys = scanned("400638133393", [100], "Enter");
    expect(press(keys, false).scans).toEqual(["400638133393"]);
    expect(press(keys, true).scans).toEqual([]);
  });

  test("what a person typed before a scan does not become part of it", () => {
    const keys = [...typed("hammer", 150), ...scanned("4006381333931", [12], "Enter")];
    expect(press(keys, true).scans).toEqual(["4006381333931"]);
  });
});

describe("the limits", () => {
  test.each([
    [5, []],
    [6, ["123456"]],
  ])("of %i characters", (length, scans) => {
    expect(press(scanned("1234567890".slice(0, length), [10], "Enter"), false).scans).toEqual(
      scans,
    );
  });

  test("a gap of more than 100 ms is the end of it", () => {
    const keys = [...typed("123", 10), ...typed("4", 101), ...typed("5678", 10)];
    expect(press(keys, false).scans).toEqual([]);
  });

  test("more than 1,500 ms are too long, except for a scanner that keeps up its speed", () => {
    expect(press(scanned("1".repeat(17), [95], "Enter"), false).scans).toEqual([]);
    expect(press(scanned("1".repeat(90), [20], "Enter"), false).scans).toHaveLength(1);
  });

  test("two scans in a row are two", () => {
    const keys = [...scanned("111111", [5], null), ...scanned("222222", [5], "Tab")];
    expect(press(keys, true).scans).toEqual(["111111", "222222"]);
  });
});

describe("what the page gets to see", () => {
  test("outside a field only the first key, and never the suffix", () => {
    const { swallowed } = press(scanned("12 456", [5], "Enter"), false);
    expect(swallowed).toEqual(["2", " ", "4", "5", "6", "Enter"]);
  });

  test("the suffix of a code that is too short does not press a button either", () => {
    expect(press(scanned("1234", [5], "Enter"), false)).toEqual({
      scans: [],
      swallowed: ["2", "3", "4", "Enter"],
    });
  });

  test("the second of two suffixes is swallowed, too, and a later Enter is the person's", () => {
    const scan = scanned("123456", [5], "Enter");
    const twice = press([...scan, { key: "Enter", gap: 5 }], true);
    expect(twice.swallowed).toEqual(["Enter", "Enter"]);
    const later = press([...scan, { key: "Enter", gap: 500 }], true);
    expect(later.swallowed).toEqual(["Enter"]);
  });

  test("a person's Enter, Tab and space are theirs", () => {
    const keys = ["Enter", "Tab", " ", "Enter"].map((key) => ({ key, gap: 300 }));
    expect(press(keys, false)).toEqual({ scans: [], swallowed: [] });
  });
});

describe("keys that are not what they seem", () => {
  test.each<[string, Key]>([
    ["Ctrl and ]", { key: "]", gap: 5, more: { ctrl: true } }],
    ["Ctrl on another layout", { key: "+", gap: 5, more: { ctrl: true, code: "BracketRight" } }],
    ["the character itself", { key: GS, gap: 5 }],
    ["F8", { key: "F8", gap: 5 }],
  ])("the group separator comes as %s", (_, separator) => {
    const keys = [...typed("0112", 5), separator, ...typed("17", 5), { key: "Enter", gap: 5 }];
    expect(press(keys, true)).toEqual({
      scans: [`0112${GS}17`],
      swallowed: [separator.key, "Enter"],
    });
  });

  test("the group separator comes as Alt and 029 on the number pad", () => {
    const burst = new Burst();
    let at = 0;
    const down = (key: string, more: Partial<Stroke> = {}) => {
      at += 4;
      return burst.down(stroke(key, at, more), false);
    };
    for (const key of "0112") {
      down(key);
    }
    down("Alt", { alt: true, code: "AltLeft" });
    for (const digit of "029") {
      down(digit, { alt: true, code: `Numpad${digit}` });
    }
    at += 4;
    burst.up({ key: "Alt", at });
    down("1");
    down("7");
    expect(down("Enter").scan).toBe(`0112${GS}17`);
  });

  test("a scanner that holds Alt down with every key is read all the same", () => {
    const keys = [..."4006381333931"].map((key) => ({
      key,
      gap: 8,
      more: { alt: true, code: `Digit${key}` },
    }));
    expect(press([...keys, { key: "Enter", gap: 8 }], false).scans).toEqual(["4006381333931"]);
  });

  test("keys without a name are read by their place", () => {
    const named = (code: string, shift = false) => ({
      key: "Unidentified",
      gap: 8,
      more: { code, shift },
    });
    const keys = [
      named("KeyA", true),
      named("KeyB"),
      named("Digit1"),
      named("Numpad2"),
      named("Minus"),
      named("Digit3"),
      { key: "Enter", gap: 8 },
    ];
    expect(press(keys, false).scans).toEqual(["Ab12-3"]);
  });

  test("Ctrl+J and Ctrl+M are a suffix", () => {
    for (const code of ["KeyJ", "KeyM"]) {
      const end = { key: code.slice(3).toLowerCase(), gap: 5, more: { ctrl: true, code } };
      expect(press([...typed("123456", 5), end], false).scans).toEqual(["123456"]);
    }
  });

  test("a key that is dead on this layout leaves a mark that something is lost", () => {
    const keys = [...typed("12345", 5), { key: "Dead", gap: 5 }, ...typed("678", 5)];
    expect(press([...keys, { key: "Enter", gap: 5 }], false).scans).toEqual(["12345\ufffd678"]);
  });
});
