// When to ask how the run stands: often while lines flow and the tab is seen, seldom otherwise, less and less on errors.

const HIDDEN_PAUSE = 10_000;
const LONGEST_PAUSE = 30_000;

export class Poller {
  #poll;
  #pause;
  #failures = 0;
  #timer = null;
  #isPolling = false;

  /**
   * @param poll Asks.
   * @param pause Milliseconds until the next question; null for never.
   */
  constructor(poll, pause) {
    this.#poll = poll;
    this.#pause = pause;
    document.addEventListener("visibilitychange", () => document.hidden || this.now());
    window.addEventListener("online", () => this.now());
    this.#schedule();
  }

  /** Take how long to wait; what answers another question does not end the asking, for lines may have come since. */
  answered(pause) {
    this.#pause = pause ?? this.#pause;
    this.#failures = 0;
  }

  /** Returns after how many milliseconds it is tried again. */
  failed() {
    this.#failures += 1;
    this.#schedule();
    return this.#wait();
  }

  end() {
    this.#pause = null;
    this.#failures = 0;
    window.clearTimeout(this.#timer);
  }

  async now() {
    if (this.#isPolling || (this.#pause === null && !this.#failures)) {
      return;
    }
    this.#isPolling = true;
    window.clearTimeout(this.#timer);
    try {
      await this.#poll();
    } finally {
      this.#isPolling = false;
      this.#schedule();
    }
  }

  #wait() {
    if (this.#failures) {
      return Math.min(LONGEST_PAUSE, 1_000 * 2 ** (this.#failures - 1));
    }
    return document.hidden ? Math.max(this.#pause, HIDDEN_PAUSE) : this.#pause;
  }

  #schedule() {
    window.clearTimeout(this.#timer);
    if (this.#pause !== null || this.#failures) {
      this.#timer = window.setTimeout(() => this.now(), this.#wait());
    }
  }
}
