// What a person hears and feels when a code was read, so that they need not look.

const VIBRATE_MS = 60;
const BEEP_S = 0.09;
const BEEP_HZ = 1_760;

let sound: AudioContext | undefined;

export function hit(): void {
  // Browsers let a page make itself felt only after somebody touched it, and complain otherwise.
  if (navigator.userActivation?.hasBeenActive === false) {
    return;
  }
  navigator.vibrate?.(VIBRATE_MS);
  try {
    sound ??= new AudioContext();
    const tone = sound.createOscillator();
    const volume = sound.createGain();
    volume.gain.value = 0.15;
    tone.frequency.value = BEEP_HZ;
    tone.connect(volume).connect(sound.destination);
    tone.start();
    tone.stop(sound.currentTime + BEEP_S);
  } catch {
    // A device without sound: the screen says it, too.
  }
}
