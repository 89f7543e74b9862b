// The decoder for systems that have none: ZXing in WebAssembly, from our own server.
import { prepareZXingModule, type ReaderOptions, readBarcodes } from "zxing-wasm/reader";
import { WASM } from "./prepare.ts";

const OPTIONS: ReaderOptions = {
  formats: ["EANUPC", "Code128", "Code39", "ITF", "DataBar", "DataMatrix", "QRCode"],
  tryHarder: true,
  tryRotate: true,
  tryInvert: false,
  tryDownscale: false,
  maxNumberOfSymbols: 1,
  eanAddOnSymbol: "Ignore",
  // As a scanner sends it: separators as they are, no parentheses.
  textMode: "Plain",
};

/** Return what ZXing reads in a picture, as a scanner would send it. */
export async function zxingReader(): Promise<(image: HTMLCanvasElement) => Promise<string[]>> {
  await prepareZXingModule({ overrides: { locateFile: () => WASM }, fireImmediately: true });
  return async (image) => {
    const context = image.getContext("2d", { willReadFrequently: true });
    if (context === null) {
      return [];
    }
    const pixels = context.getImageData(0, 0, image.width, image.height);
    const found = await readBarcodes(pixels, OPTIONS);
    return found.map(({ symbologyIdentifier, text }) => symbologyIdentifier + text);
  };
}
