// Buttons, search, keys; what they do is decided by the viewer.

import { isPressed, press, remember, remembered } from "./memory.js";

const TYPING_PAUSE = 300;

export class Controls {
  #box;
  #on;
  #level = "all";
  #searched = "";
  #case = document.getElementById("ez-case");
  #stream = document.getElementById("ez-stream");
  #menu = document.getElementById("ez-downloads");
  #regex = document.getElementById("ez-regex");
  #follow = document.getElementById("ez-follow");
  #wrap = document.getElementById("ez-wrap");
  #text = document.getElementById("ez-search-text");
  #reset = document.getElementById("ez-reset");
  #jump = document.getElementById("ez-jump");
  #status = document.getElementById("ez-status");
  #empty = document.getElementById("ez-empty");
  #only = document.getElementById("ez-only");
  #found = document.getElementById("ez-found");
  #help = document.getElementById("ez-help");
  #words = JSON.parse(document.getElementById("ez-viewer").dataset.config).words;

  /**
   * @param box The element that scrolls.
   * @param on What to do: filter, match, error, follow, toStart, toEnd, fold, unfold,
   *   showWhole, times, redraw, stopped.
   */
  constructor(box, on) {
    this.#box = box;
    this.#on = on;
    this.#listenToFilter();
    this.#listenToToggles();
    this.#listenToMoves();
    this.#listenToMenu();
    this.#listenToHelp();
    this.#listenToStop();
    document.addEventListener("keydown", (event) => this.#key(event));
  }

  get follow() {
    return isPressed(this.#follow);
  }

  set follow(isOn) {
    press(this.#follow, isOn);
  }

  /** Say in a few words what is going on. */
  say(text, { isError = false } = {}) {
    this.#status.classList.toggle("ez-is-error", isError);
    if (this.#status.textContent !== text) {
      this.#status.textContent = text;
    }
  }

  show({ unseen, nothing }) {
    this.#empty.hidden = !nothing;
    this.#empty.textContent = nothing;
    this.#jump.hidden = unseen === 0;
    this.#jump.textContent = unseen === 1 ? this.#words.new_line : this.#words.new_lines.replace("{n}", unseen);
  }

  /** Tell which match was gone to, of how many. */
  showMatches(finder, current) {
    this.#found.hidden = !finder;
    if (finder) {
      const at = finder.numbers.indexOf(current) + 1;
      const text = `${at || "–"} / ${finder.numbers.length}${finder.isComplete ? "" : "+"}`;
      this.#found.firstElementChild.textContent = text;
    }
  }

  /** Let every line through. Returns the filter that does. */
  resetFilter() {
    this.#clearSearch();
    this.#reset.hidden = true;
    this.#stream.value = "all";
    this.#press("all");
    return this.#chosen();
  }

  #clearSearch() {
    this.#text.value = "";
    for (const option of [this.#case, this.#regex, this.#only]) {
      press(option, false);
    }
  }

  #chosen() {
    return {
      level: this.#level,
      stream: this.#stream.value,
      text: this.#text.value,
      isRegex: isPressed(this.#regex),
      isCaseSensitive: isPressed(this.#case),
      isOnly: isPressed(this.#only),
    };
  }

  #press(level) {
    this.#level = level;
    for (const button of document.querySelectorAll(".ez-levels [data-level]")) {
      press(button, button.dataset.level === level);
    }
  }

  #filter() {
    this.#searched = this.#text.value;
    this.#reset.hidden = this.#text.value === "";
    this.#on.filter(this.#chosen());
  }

  #listenToFilter() {
    let timer = null;
    for (const button of document.querySelectorAll(".ez-levels [data-level]")) {
      button.addEventListener("click", () => {
        this.#press(button.dataset.level);
        this.#filter();
      });
    }
    this.#stream.value = "all"; // Whatever a browser that was told to reload has kept.
    this.#stream.addEventListener("change", () => this.#filter());
    const form = document.getElementById("ez-search");
    const search = (event, step) => {
      event.preventDefault();
      window.clearTimeout(timer);
      if (this.#searched === this.#text.value && this.#text.value !== "") {
        this.#on.match(step);
      } else {
        this.#filter();
      }
    };
    form.addEventListener("submit", (event) => search(event, 1));
    this.#text.addEventListener("keydown", (event) => {
      if (event.key === "Enter" && event.shiftKey) {
        search(event, -1);
      }
    });
    this.#text.addEventListener("input", () => {
      window.clearTimeout(timer);
      timer = window.setTimeout(() => this.#filter(), TYPING_PAUSE);
    });
    for (const option of [this.#case, this.#regex, this.#only]) {
      option.addEventListener("click", () => {
        press(option, !isPressed(option));
        if (this.#text.value !== "") {
          this.#filter();
        }
      });
    }
    form.addEventListener("reset", (event) => {
      event.preventDefault();
      window.clearTimeout(timer);
      this.#clearSearch();
      this.#filter();
      this.#text.focus();
    });
  }

  #listenToToggles() {
    this.#follow.addEventListener("click", () => {
      this.follow = !this.follow;
      this.#on.follow(this.follow);
    });
    this.#wrap.addEventListener("click", () => this.#setWrap(!isPressed(this.#wrap)));
    this.#setWrap(remembered("wrap") !== "no");
    this.#jump.addEventListener("click", () => {
      this.follow = true;
      this.#on.follow(true);
      this.#toLog();
    });
  }

  #setWrap(isOn) {
    press(this.#wrap, isOn);
    this.#box.classList.toggle("ez-nowrap", !isOn);
    this.#on.redraw();
    remember("wrap", isOn ? "yes" : "no");
  }

  #listenToMoves() {
    const moves = {
      "ez-start": () => this.#on.toStart(),
      "ez-end": () => this.#on.toEnd(),
      "ez-first-error": () => this.#on.error("first"),
      "ez-previous-error": () => this.#on.error("previous"),
      "ez-next-error": () => this.#on.error("next"),
      "ez-previous-match": () => this.#on.match(-1),
      "ez-next-match": () => this.#on.match(1),
    };
    for (const [id, move] of Object.entries(moves)) {
      document.getElementById(id).addEventListener("click", move);
    }
    this.#box.addEventListener("click", (event) => {
      const n = Number(event.target.closest(".ez-line")?.dataset.n);
      if (event.target.closest(".ez-group")) {
        this.#on.fold(n);
        // The row is another one now.
        document.querySelector(`#L${n} .ez-group`)?.focus({ preventScroll: true });
      } else if (event.target.closest(".ez-fold > summary")) {
        this.#on.unfold(n, !event.target.closest(".ez-fold").open);
      } else if (event.target.closest(".ez-rest")) {
        this.#on.showWhole(n);
        this.#toLog();
      }
    });
  }

  /** Keep the keyboard's place in the page when what had it goes away. */
  #toLog() {
    this.#box.focus({ preventScroll: true });
  }

  #listenToMenu() {
    document.addEventListener("click", (event) => {
      if (!event.target.closest("#ez-downloads summary")) {
        this.#menu.open = false;
      }
    });
    this.#menu.addEventListener("keydown", (event) => {
      if (event.key === "Escape") {
        this.#menu.open = false;
        this.#menu.querySelector("summary").focus();
      }
    });
  }

  #listenToHelp() {
    document.getElementById("ez-help-open").addEventListener("click", () => this.#help.showModal());
    document.getElementById("ez-help-close").addEventListener("click", () => this.#help.close());
  }

  #listenToStop() {
    const form = document.getElementById("ez-stop");
    form?.addEventListener("submit", async (event) => {
      event.preventDefault();
      const button = form.querySelector("button");
      button.disabled = true;
      this.#toLog();
      try {
        const response = await fetch(form.action, {
          method: "POST",
          body: new FormData(form),
          headers: { Accept: "application/json" },
        });
        if (!response.ok || response.redirected) {
          throw new Error(String(response.status));
        }
        const answer = await response.json();
        this.#on.stopped(answer);
      } catch {
        button.disabled = false;
        button.focus();
        this.say(this.#words.stop_failed, { isError: true });
      }
    });
  }

  #key(event) {
    const isTyping = event.target.closest("input, textarea, select, dialog") || this.#help.open;
    if (event.ctrlKey || event.metaKey || event.altKey || isTyping) {
      if (event.key === "Escape" && event.target.closest(".ez-toolbar")) {
        this.#box.focus();
      }
      return;
    }
    const keys = {
      "/": () => this.#text.focus(),
      f: () => this.#follow.click(),
      w: () => this.#wrap.click(),
      t: () => this.#on.times(),
      l: () => document.getElementById("ez-line").focus(),
      "?": () => this.#help.showModal(),
      g: () => this.#on.toStart(),
      G: () => this.#on.toEnd(),
      n: () => this.#on.match(1),
      N: () => this.#on.match(-1),
      e: () => this.#on.error("next"),
      E: () => this.#on.error("previous"),
    };
    if (event.key in keys) {
      event.preventDefault();
      keys[event.key]();
    }
  }
}
