import { readFileSync } from "node:fs";
import { afterEach, expect, test, vi } from "vitest";
import { zxing } from "../../../vite/zxing.ts";
import { troubleInWords } from "../scan/camera.ts";
import { hasDetector, platformReader, sent } from "../scan/platform.ts";
import { Once } from "../scan/reading.ts";

const ALL = ["ean_13", "ean_8", "upc_a", "upc_e", "code_128", "data_matrix", "qr_code", "itf"];

function detector(formats: readonly string[], found: readonly object[] = []) {
  const asked: unknown[] = [];
  class Fake {
    static getSupportedFormats = async () => formats;
    constructor(options: unknown) {
      asked.push(options);
    }
    detect = async () => found;
  }
  vi.stubGlobal("BarcodeDetector", Fake);
  return asked;
}

afterEach(() => vi.unstubAllGlobals());

test("the system's detector is used only if it reads everything that is read here", async () => {
  expect(await hasDetector()).toBe(false);
  detector(ALL);
  expect(await hasDetector()).toBe(true);
  for (const one of ALL.filter((format) => format !== "itf")) {
    detector(ALL.filter((format) => format !== one));
    expect(await hasDetector()).toBe(false);
  }
});

test("a detector that fails when it is asked is none", async () => {
  vi.stubGlobal("BarcodeDetector", { getSupportedFormats: () => Promise.reject(new Error("no")) });
  expect(await hasDetector()).toBe(false);
});

test("the system's detector is asked for what it knows, and only UPC-E is marked", async () => {
  const asked = detector(ALL, [{ format: "upc_e", rawValue: "04252614" }]);
  const read = await platformReader();
  expect(asked).toEqual([{ formats: ALL }]);
  expect(await read({} as HTMLCanvasElement)).toEqual(["]E004252614"]);
  expect(sent({ format: "ean_13", rawValue: "4006381333931" })).toBe("4006381333931");
});

test("a code is told when it comes into the picture, and not while it stays there", () => {
  const once = new Once();
  const told = [0, 200, 2_600, 4_000].map((at) => once.isNew("A", at));
  expect(told).toEqual([true, false, false, false]);
  expect(once.isNew("B", 4_100)).toBe(true);
  expect(once.isNew("A", 4_200)).toBe(true);
  expect(once.isNew("A", 7_000)).toBe(true);
});

test.each([
  ["NotAllowedError", "The camera is not allowed"],
  ["SecurityError", "The camera is not allowed"],
  ["NotFoundError", "This device has no camera."],
  ["OverconstrainedError", "This device has no camera."],
  ["NotReadableError", "The camera does not answer."],
  ["AnythingElse", "The camera does not answer."],
])("%s is told as: %s", (name, sentence) => {
  expect(troubleInWords(name)).toContain(sentence);
});

test("the address of a foreign server is taken out of the decoder, or the build fails", () => {
  const path = new URL("../../../node_modules/zxing-wasm/dist/es/share.js", import.meta.url)
    .pathname;
  const transform = zxing().transform as (code: string, id: string) => { code: string } | null;
  const code = readFileSync(path, "utf8");
  expect(code).toContain("https://fastly.jsdelivr.net/");
  expect(transform(code, path)?.code).not.toMatch(/https?:\/\//);
  expect(() => transform("nothing", path)).toThrow("zxing-wasm has changed");
  expect(transform("nothing", "/src/other.ts")).toBeNull();
});
