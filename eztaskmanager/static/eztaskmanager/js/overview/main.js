// Keeps the overview up to date: asks for one part after the other, for each as often as there may be news.

import { drawDays } from "./chart.js";

const LONGEST_PAUSE = 60_000;
const FIRST_PAUSE = 1_000;

class Part {
  name;
  #box;
  #tag;
  #pause;
  #dueAt;

  constructor(box) {
    this.#box = box;
    this.name = box.dataset.part;
    this.#tag = box.dataset.tag;
    this.#pause = Number(box.dataset.pause);
    this.#dueAt = performance.now() + this.#pause;
  }

  get dueAt() {
    return this.#dueAt;
  }

  hasten() {
    this.#dueAt = performance.now();
  }

  /** Throws an Error with a message for people; one named "Refused" if asking again is no use. */
  async ask() {
    const headers = this.#tag ? { "If-None-Match": this.#tag } : {};
    const response = await fetch(this.#box.dataset.url, { headers, cache: "no-store" });
    if (response.redirected || response.status === 403) {
      const refused = new Error();
      refused.name = "Refused";
      throw refused;
    }
    if (!response.ok && response.status !== 304) {
      throw new Error(String(response.status));
    }
    this.#pause = Number(response.headers.get("X-Ez-Next")) || this.#pause;
    this.#tag = response.headers.get("ETag") ?? "";
    if (response.status !== 304) {
      this.#show(await response.text());
    }
    this.#dueAt = performance.now() + this.#pause;
  }

  #show(html) {
    const open = new Set([...this.#box.querySelectorAll("details[open][data-key]")].map((each) => each.dataset.key));
    const scrolled = new Map([...this.#box.querySelectorAll("[tabindex][data-key]")].map((each) => [each.dataset.key, each.scrollLeft]));
    const active = this.#box.contains(document.activeElement) ? document.activeElement : null;
    const focused = active && focusKey(active);
    const card = active?.closest("section")?.getAttribute("aria-labelledby");
    // Our own template's, where all data is escaped; scripts in it would not run, nor would the policy let them.
    const page = new DOMParser().parseFromString(html, "text/html");
    this.#box.replaceChildren(...page.body.childNodes);
    for (const each of this.#box.querySelectorAll("[data-key]")) {
      if (each.localName === "details") {
        each.open = open.has(each.dataset.key);
      }
      if (scrolled.has(each.dataset.key)) {
        each.scrollLeft = scrolled.get(each.dataset.key);
      }
      if (focused !== null && focusKey(each) === focused) {
        (each.localName === "details" ? each.querySelector("summary") : each).focus({ preventScroll: true });
      }
    }
    if (card && !this.#box.contains(document.activeElement)) {
      const heading = document.getElementById(card);
      heading?.setAttribute("tabindex", "-1");
      heading?.focus({ preventScroll: true });
    }
    settle(this.#box);
  }
}

class Overview {
  #parts;
  #words;
  #status;
  #failures = 0;
  #isAsking = false;
  #isOver = false;
  #timer = null;

  constructor(root) {
    this.#parts = [...root.querySelectorAll("[data-part]")].map((box) => new Part(box));
    this.#words = JSON.parse(root.dataset.words);
    this.#status = document.getElementById("ez-overview-status");
    document.addEventListener("visibilitychange", () => (document.hidden ? this.#rest() : this.now()));
    window.addEventListener("online", () => this.now());
    root.addEventListener("click", (event) => this.#click(event));
    this.#tell(this.#words.live);
    this.#go();
  }

  /** Ask for all that may have changed. */
  now(...names) {
    for (const part of this.#parts) {
      if (!names.length || names.includes(part.name)) {
        part.hasten();
      }
    }
    this.#go();
  }

  async #go() {
    window.clearTimeout(this.#timer);
    if (this.#isAsking || this.#isOver || document.hidden) {
      return;
    }
    this.#isAsking = true;
    let pause = null;
    try {
      for (let part = this.#next(); part && part.dueAt <= performance.now() && !document.hidden; part = this.#next()) {
        await part.ask();
        this.#failures = 0;
      }
      this.#tell(document.hidden ? this.#words.resting : this.#words.live);
    } catch (error) {
      pause = this.#fail(error);
    } finally {
      this.#isAsking = false;
    }
    if (!this.#isOver && !document.hidden) {
      pause ??= Math.max(100, this.#next().dueAt - performance.now());
      this.#timer = window.setTimeout(() => this.#go(), pause);
    }
  }

  #next() {
    return this.#parts.reduce((first, part) => (first && first.dueAt <= part.dueAt ? first : part), null);
  }

  #fail(error) {
    if (error.name === "Refused") {
      this.#isOver = true;
      this.#tell(this.#words.refused, true);
      return null;
    }
    const pause = Math.min(LONGEST_PAUSE, FIRST_PAUSE * 2 ** this.#failures);
    this.#failures += 1;
    const text = this.#words.failed.replace("{why}", error.message).replace("{n}", String(pause / 1_000));
    this.#tell(text, true);
    return pause;
  }

  #rest() {
    window.clearTimeout(this.#timer);
    this.#tell(this.#words.resting);
  }

  async #click(event) {
    const button = event.target.closest("button[data-act=stop]");
    if (!button) {
      return;
    }
    event.preventDefault();
    if (button.getAttribute("aria-busy") === "true") {
      return;
    }
    // One that is disabled would lose the focus.
    button.setAttribute("aria-busy", "true");
    const body = new FormData(document.getElementById("ez-act"));
    try {
      const response = await fetch(button.formAction, { method: "POST", body, headers: { Accept: "application/json" } });
      if (!response.ok || response.redirected) {
        throw new Error();
      }
      this.now("now", "engine");
    } catch {
      button.removeAttribute("aria-busy");
      this.#tell(this.#words.stop_failed, true);
    }
  }

  #tell(text, isBad = false) {
    if (this.#status.textContent !== text) {
      this.#status.textContent = text;
    }
    this.#status.classList.toggle("ez-is-bad", isBad);
  }
}

/** Names what has the focus, so that it has it again when the part is another one. */
function focusKey(element) {
  return element.dataset.key ?? element.parentElement?.dataset.key ?? null;
}

/** Does what a new part needs: its durations, its picture. */
function settle(box) {
  tick(box);
  for (const canvas of box.querySelectorAll("canvas.ez-chart")) {
    drawDays(canvas, canvas.closest(".ez-card").querySelector("table.ez-days"));
  }
}

function tick(root) {
  for (const each of root.querySelectorAll(".ez-elapsed[data-since]")) {
    each.title ||= each.textContent;
    const seconds = Math.max(0, Math.floor((Date.now() - Date.parse(each.dataset.since)) / 1_000));
    const text = [Math.floor(seconds / 3_600), Math.floor(seconds / 60) % 60, seconds % 60]
      .map((number) => String(number).padStart(2, "0"))
      .join(":");
    if (each.textContent !== text) {
      each.textContent = text;
    }
  }
}

const root = document.getElementById("ez-overview");
if (root) {
  settle(root);
  window.setInterval(() => document.hidden || tick(root), 1_000);
  new Overview(root);
}
