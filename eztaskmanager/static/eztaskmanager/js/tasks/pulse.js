// Asks how the tasks on the page stand: often while something runs or is about to, seldom else, never in a hidden tab,
// less and less while there is no answer, and never twice at once.

import { tasksOnPage, update } from "./cells.js";

const LEAST = 1_000;
const AFTER_RIDE = 1_500;
const LONGEST = 60_000;

export class Pulse {
  #address;
  #sign;
  #tag = "";
  #pause = 3_000;
  #nextRide = null;
  #failures = 0;
  #timer = null;
  #asking = null;

  /**
   * @param address Where to ask.
   * @param sign The element that says whether the page is up to date.
   */
  constructor(address, sign) {
    this.#address = address;
    this.#sign = sign;
    document.addEventListener("visibilitychange", () => (document.hidden ? this.#rest() : this.now()));
    window.addEventListener("online", () => this.now());
    window.addEventListener("pageshow", (event) => event.persisted && this.now());
    this.#schedule();
  }

  async now() {
    if (this.#asking || document.hidden) {
      return;
    }
    this.#rest();
    this.#asking = new AbortController();
    const { signal } = this.#asking;
    try {
      await this.#ask(signal);
      this.#isAnswered();
    } catch {
      if (!signal.aborted) {
        this.#failures += 1;
        // One that is lost now and then is not worth a word.
        this.#tell(this.#failures < 2);
      }
    } finally {
      this.#asking = null;
      this.#schedule();
    }
  }

  /** Takes what another answer told. */
  heard(answer) {
    // What was asked for before is older than this.
    this.#asking?.abort();
    this.#tag = "";
    this.#pause = Math.min(this.#pause, answer.pause);
    update(answer.rows);
    this.#isAnswered();
    this.#schedule();
  }

  #isAnswered() {
    this.#failures = 0;
    this.#tell(true);
  }

  async #ask(signal) {
    const tasks = tasksOnPage();
    const query = new URLSearchParams(tasks.map((task) => ["task", task]));
    if (document.querySelector("[data-ez-cell=panel]")) {
      query.set("panel", "1");
    }
    const headers = { Accept: "application/json", ...(this.#tag && { "If-None-Match": this.#tag }) };
    const timeout = AbortSignal.timeout(LONGEST);
    const response = await fetch(`${this.#address}?${query}`, { headers, cache: "no-store", signal: AbortSignal.any?.([signal, timeout]) ?? signal });
    if (response.status === 304) {
      return;
    }
    if (!response.ok || response.redirected) {
      throw new Error(`${response.status}`);
    }
    const answer = await response.json();
    if (signal.aborted) {
      return;
    }
    this.#tag = response.headers.get("ETag") ?? "";
    this.#pause = answer.pause;
    this.#nextRide = answer.next_ride;
    update(answer.rows);
  }

  #wait() {
    if (this.#failures) {
      return Math.min(LONGEST, Math.max(this.#pause, LEAST * 2 ** this.#failures));
    }
    const untilRide = this.#nextRide === null ? Infinity : this.#nextRide - Date.now() + AFTER_RIDE;
    return Math.max(LEAST, Math.min(this.#pause, untilRide > 0 ? untilRide : Infinity));
  }

  #schedule() {
    this.#rest();
    if (!document.hidden && !this.#asking) {
      this.#timer = window.setTimeout(() => this.now(), this.#wait());
    }
  }

  #rest() {
    window.clearTimeout(this.#timer);
  }

  #tell(isWell) {
    if (!this.#sign) {
      return;
    }
    this.#sign.hidden = false;
    this.#sign.classList.toggle("ez-pulse-lost", !isWell);
    const text = isWell ? this.#sign.dataset.live : this.#sign.dataset.lost;
    if (this.#sign.textContent !== text) {
      this.#sign.textContent = text;
    }
  }
}
