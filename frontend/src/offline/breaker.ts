const WITHIN_MS = 30_000;
const REST_MS = 30_000;

/**
 * Two timeouts within thirty seconds stop us from waiting for the next thirty.
 *
 * So a connection that swallows requests costs the patience of a person twice, not at every tap.
 */
export class Breaker {
  #timeouts: number[] = [];
  #restsUntil = 0;

  /** Whether the network should be spared at this moment (milliseconds, any origin). */
  isOpen(now: number): boolean {
    return now < this.#restsUntil;
  }

  timedOut(now: number): void {
    this.#timeouts = [...this.#timeouts.filter((then) => now - then < WITHIN_MS), now];
    if (this.#timeouts.length >= 2) {
      this.#restsUntil = now + REST_MS;
      this.#timeouts = [];
    }
  }

  /** The network answered in time. */
  answered(): void {
    this.#timeouts = [];
    this.#restsUntil = 0;
  }
}
