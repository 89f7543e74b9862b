// The camera as a stream of pictures: asked for, lit, and given back.

/** Why there is no picture, in sentences that say what to do. */
export class NoCamera extends Error {}

const INSECURE =
  "This address does not begin with https://, so the browser keeps the camera from it. " +
  "Ask an administrator for the address that does. A scanner that types works here, too.";
const TROUBLE: Record<string, string> = {
  NotAllowedError:
    "The camera is not allowed for this address. Allow it in the settings of the browser or of " +
    "the app, then try again.",
  NotFoundError: "This device has no camera. Use a scanner that types, or type the code below.",
  NotReadableError:
    "The camera does not answer. Close other apps that use it, or restart the device, then try again.",
};
TROUBLE.SecurityError = TROUBLE.NotAllowedError as string;
TROUBLE.OverconstrainedError = TROUBLE.NotFoundError as string;

/** Say why a camera was not given; `name` is that of the browser's error. */
export function troubleInWords(name: string): string {
  return TROUBLE[name] ?? (TROUBLE.NotReadableError as string);
}

/** Ask for the camera that looks away from the person. */
export async function openCamera(): Promise<MediaStream> {
  if (!window.isSecureContext || navigator.mediaDevices === undefined) {
    throw new NoCamera(INSECURE);
  }
  const video = {
    facingMode: { ideal: "environment" },
    width: { ideal: 1280 },
    height: { ideal: 720 },
    // More pictures than are read would only warm the battery.
    frameRate: { ideal: 15, max: 30 },
  };
  try {
    return await navigator.mediaDevices.getUserMedia({ video, audio: false });
  } catch (error) {
    throw new NoCamera(troubleInWords((error as Error).name));
  }
}

export function closeCamera(stream: MediaStream): void {
  for (const track of stream.getTracks()) {
    track.stop();
  }
}

/** Whether the camera has a light (W3C image capture, section 8). */
export function hasLight(stream: MediaStream): boolean {
  const [track] = stream.getVideoTracks();
  const can = track?.getCapabilities?.() as { torch?: boolean } | undefined;
  return can?.torch === true;
}

export async function light(stream: MediaStream, isOn: boolean): Promise<void> {
  const [track] = stream.getVideoTracks();
  const advanced = [{ torch: isOn } as MediaTrackConstraintSet];
  await track?.applyConstraints({ advanced });
}
