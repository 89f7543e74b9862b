// Reads what the camera sees, a few times a second, and tells of each code once.
import { hasDetector, platformReader } from "./platform.ts";

export type Reader = (image: HTMLCanvasElement) => Promise<string[]>;

const PAUSE_MS = 120;
// Reading takes a third of the time at most: the rest is for the screen, and for the battery.
const REST = 2;
const AGAIN_MS = 2_500;
// The part of the picture in the aiming frame, and a little around it.
const WIDE = 0.9;
const HIGH = 0.7;

export async function openReader(): Promise<Reader> {
  if (await hasDetector()) {
    return platformReader();
  }
  const { zxingReader } = await import("./zxing.ts");
  return zxingReader();
}

/** Lets a code through when it comes into the picture, and not while it stays there. */
export class Once {
  #text = "";
  #at = Number.NEGATIVE_INFINITY;

  isNew(text: string, at: number): boolean {
    const isNew = text !== this.#text || at - this.#at > AGAIN_MS;
    this.#text = text;
    this.#at = at;
    return isNew;
  }
}

/** Read until the answer is called. */
export function readFrom(
  video: HTMLVideoElement,
  reader: Reader,
  tell: (text: string) => void,
): () => void {
  const canvas = document.createElement("canvas");
  const once = new Once();
  let timer: number | undefined;
  let isOver = false;
  const look = async () => {
    const begun = performance.now();
    if (video.readyState >= HTMLMediaElement.HAVE_CURRENT_DATA && draw(video, canvas)) {
      const [text] = await reader(canvas).catch(() => []);
      if (!isOver && text !== undefined && once.isNew(text, performance.now())) {
        tell(text);
      }
    }
    if (!isOver) {
      const took = performance.now() - begun;
      timer = window.setTimeout(() => void look(), Math.max(PAUSE_MS, took * REST));
    }
  };
  void look();
  return () => {
    isOver = true;
    window.clearTimeout(timer);
  };
}

function draw(video: HTMLVideoElement, canvas: HTMLCanvasElement): boolean {
  const width = Math.round(video.videoWidth * WIDE);
  const height = Math.round(video.videoHeight * HIGH);
  const context = canvas.getContext("2d", { willReadFrequently: true });
  if (width === 0 || height === 0 || context === null) {
    return false;
  }
  // Setting a size clears the canvas, so it is set once.
  if (canvas.width !== width || canvas.height !== height) {
    canvas.width = width;
    canvas.height = height;
  }
  const left = (video.videoWidth - width) / 2;
  const top = (video.videoHeight - height) / 2;
  context.drawImage(video, left, top, width, height, 0, 0, width, height);
  return true;
}
