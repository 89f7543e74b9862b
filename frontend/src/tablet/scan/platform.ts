// The system's own barcode detector, where it reads everything that is read here.
// https://wicg.github.io/shape-detection-api/#barcode-detection-api

interface Barcode {
  rawValue: string;
  format: string;
}
interface Detector {
  detect(image: CanvasImageSource): Promise<readonly Barcode[]>;
}
interface DetectorClass {
  new (options: { formats: readonly string[] }): Detector;
  getSupportedFormats(): Promise<readonly string[]>;
}

const NEEDED = ["ean_13", "ean_8", "upc_a", "upc_e", "code_128", "data_matrix", "qr_code"];
const WELCOME = ["code_39", "itf"];

function detectorClass(): DetectorClass | undefined {
  return (globalThis as { BarcodeDetector?: DetectorClass }).BarcodeDetector;
}

async function formats(): Promise<readonly string[]> {
  try {
    return (await detectorClass()?.getSupportedFormats()) ?? [];
  } catch {
    return [];
  }
}

export async function hasDetector(): Promise<boolean> {
  const known = await formats();
  return NEEDED.every((one) => known.includes(one));
}

/** Return what the system reads in a picture, as a scanner would send it. */
export async function platformReader(): Promise<(image: HTMLCanvasElement) => Promise<string[]>> {
  const known = await formats();
  const Class = detectorClass() as DetectorClass;
  const detector = new Class({
    formats: [...NEEDED, ...WELCOME].filter((one) => known.includes(one)),
  });
  return async (image) => (await detector.detect(image)).map(sent);
}

/** The detector tells the symbology apart from the text; only UPC-E is read otherwise for it. */
export function sent({ rawValue, format }: Barcode): string {
  return format === "upc_e" ? `]E0${rawValue}` : rawValue;
}
