// Draws a barcode for a test to hold before the camera.
//
//   node barcode.mjs FORMAT TEXT [OPTIONS]    prints its width, its height and the grey of each pixel
//
// GS1 data is written as "(01)…" with the option gs1.
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { prepareZXingModule, writeBarcode } from "zxing-wasm/writer";

const [format, text = "", options = ""] = process.argv.slice(2);
const wasm = createRequire(import.meta.url).resolve("zxing-wasm/writer/zxing_writer.wasm");
prepareZXingModule({ overrides: { wasmBinary: readFileSync(wasm).buffer } });
const { error, symbol } = await writeBarcode(text, {
  format: /** @type {import("zxing-wasm/writer").WriteInputBarcodeFormat} */ (format),
  options,
});
if (error) {
  throw new Error(error);
}
const { width, height, data } = symbol;
process.stdout.write(JSON.stringify({ width, height, data: Array.from(data) }));
