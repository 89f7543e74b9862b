import { expect, test, vi } from "vitest";
import { codeFor, outcome, type World } from "../after.ts";

const HAMMER = { ref: { id: 7 }, product: { name: "Claw hammer" } };
const HERE = { ref: { uuid: "0b0e5c8e-0000-4000-8000-000000000000" }, product: { name: "Saw" } };
const GTIN = "04006381333931";

function world(more: Partial<World> = {}): World {
  return {
    here: "/tablet/",
    now: new Date(2026, 10, 21, 12),
    mayAdd: true,
    find: async () => undefined,
    ...more,
  };
}

test("a known code opens its product", async () => {
  const find = vi.fn(async () => HAMMER);
  const found = await outcome("4006381333931", world({ find }));
  expect(found).toEqual({
    say: "Scanned: Claw hammer.",
    isFault: false,
    go: "/tablet/products/7",
  });
  expect(find).toHaveBeenCalledWith(["4006381333931", GTIN]);
});

test("a product that waits on this tablet is opened, too", async () => {
  const { go } = await outcome("SAW-1", world({ find: async () => HERE }));
  expect(go).toBe(`/tablet/products/new/${HERE.ref.uuid}`);
});

test("an unknown barcode begins a new product with its shortest form", async () => {
  const found = await outcome(`]d201${GTIN}10A`, world());
  expect(found.go).toBe("/tablet/products/new?code=4006381333931");
  expect(found.say).toBe("No product has the code 4006381333931 yet. Batch A.");
});

test("an unknown code of one's own begins a new product with itself", async () => {
  expect((await outcome("KOR 1/2\r", world())).go).toBe("/tablet/products/new?code=KOR%201%2F2");
});

test("who may not add products stays and is told that there is none", async () => {
  const found = await outcome("KOR-1", world({ mayAdd: false }));
  expect(found).toEqual({ say: "No product has the code KOR-1.", isFault: true, go: null });
});

test("the same code again says so and stays", async () => {
  const found = await outcome(
    "4006381333931",
    world({ here: "/tablet/products/7", find: async () => HAMMER }),
  );
  expect(found).toEqual({ say: "Scanned twice: Claw hammer.", isFault: false, go: null });
  const fresh = await outcome("KOR-1", world({ here: "/tablet/products/new?code=KOR-1" }));
  expect(fresh).toMatchObject({ say: "Scanned twice: KOR-1.", go: null });
});

test("a logistic unit is no product, whatever is found", async () => {
  const found = await outcome("(00)340123450000000000", world({ find: async () => HAMMER }));
  expect(found).toMatchObject({ isFault: true, go: null });
  expect(found.say).toContain("This is a logistic unit (SSCC 340123450000000000), not a product.");
  const misread = await outcome("(00)340123450000000001", world());
  expect(misread.say).toContain("The check digit of this SSCC should be 0");
});

test("a wrong check digit says so and goes nowhere", async () => {
  const found = await outcome("4006381333932", world());
  expect(found.go).toBeNull();
  expect(found.say).toContain("The check digit of this GTIN should be 1, not 2");
});

test("an SKU that looks like a wrong barcode is still an SKU", async () => {
  const find = async (codes: readonly string[]) =>
    codes.includes("4006381333932") ? HAMMER : undefined;
  expect((await outcome("4006381333932", world({ find }))).go).toBe("/tablet/products/7");
});

test("batch, serial number and expiry of the label are told", async () => {
  const label = `01${GTIN}1726120010A-1\u001d21S9`;
  const { say } = await outcome(label, world({ find: async () => HAMMER }));
  expect(say).toBe(
    "Scanned: Claw hammer. Batch A-1. Serial number S9. Expires on 31 December 2026.",
  );
});

test.each([
  ["261121", "Expires on 21 November 2026."],
  ["261120", "It expired on 20 November 2026."],
])("a label of %s read on 21 November 2026: %s", async (digits, sentence) => {
  const label = `01${GTIN}17${digits}`;
  expect((await outcome(label, world({ find: async () => HAMMER }))).say).toContain(sentence);
});

test("the content of a pallet is opened as the product that it is", async () => {
  const found = await outcome(`02${GTIN}3712`, world({ find: async () => HAMMER }));
  expect(found.go).toBe("/tablet/products/7");
  expect(found.say).toContain("a logistic unit that contains this product");
});

test("who leaves a form is told that it is kept", async () => {
  const here = "/tablet/products/9/edit";
  const { say } = await outcome("KOR-1", world({ here, find: async () => HAMMER }));
  expect(say).toContain("What you typed before is kept.");
});

test("a field that asks for a code gets the number alone, and nothing wrong", () => {
  const now = new Date(2026, 0, 1);
  expect(codeFor(`(01)${GTIN}(10)A`, now)).toEqual({ code: "4006381333931" });
  expect(codeFor("KOR-1\t", now)).toEqual({ code: "KOR-1" });
  expect(codeFor("4006381333932", now)).toHaveProperty("why");
  expect(codeFor("(00)340123450000000000", now)).toHaveProperty("why");
});
