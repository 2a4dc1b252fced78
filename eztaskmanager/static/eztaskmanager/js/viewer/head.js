// What stands around the log: state, progress, facts, counts, title.

export class Head {
  #rest;
  #state = document.getElementById("ez-state");
  #progress = document.getElementById("ez-progress");
  #icon = document.getElementById("ez-icon");
  #error = document.getElementById("ez-error");
  #stop = document.getElementById("ez-stop");
  #again = document.getElementById("ez-again");

  constructor(label) {
    this.#rest = document.title.startsWith(label) ? document.title.slice(label.length) : ` · ${document.title}`;
  }

  /** Show how the run stands. */
  show(run) {
    this.#state.className = `ez-badge ez-is-${run.look}`;
    setText(this.#state, run.label);
    if (this.#icon.getAttribute("href") !== run.icon) {
      this.#icon.setAttribute("href", run.icon);
    }
    this.#showProgress(run);
    this.#error.hidden = !run.error;
    setText(this.#error, run.error);
    if (this.#stop) {
      this.#stop.hidden = run.is_over;
      this.#stop.querySelector("button").disabled = run.look === "stopping";
    }
    if (this.#again) {
      this.#again.hidden = !run.is_over;
    }
    for (const [key, text] of Object.entries(run.facts)) {
      const fact = document.querySelector(`[data-fact="${key}"]`);
      if (fact) {
        fact.hidden = !text;
        setText(fact.querySelector("dd code") ?? fact.querySelector("dd"), text);
      }
    }
    const percent = !run.is_over && run.progress?.percent != null ? `${run.progress.percent} % · ` : "";
    document.title = `${percent}${run.label}${this.#rest}`;
  }

  #showProgress({ progress, is_over: isOver }) {
    this.#progress.hidden = !progress || (isOver && progress.percent === null);
    if (!progress) {
      return;
    }
    const bar = this.#progress.querySelector("progress");
    if (progress.percent === null) {
      bar.removeAttribute("value");
    } else {
      bar.value = progress.percent;
    }
    const percent = progress.percent === null ? "" : `${progress.percent} %`;
    setText(this.#progress.querySelector("span"), [percent, progress.text, progress.left].filter(Boolean).join(" · "));
  }

  /** Show how many lines there are of each level, and hide the levels that do not occur. */
  count(counts, size) {
    document.getElementById("ez-errors").hidden = !counts.error;
    for (const button of document.querySelectorAll(".ez-levels [data-level]")) {
      const { level } = button.dataset;
      const number = level === "all" ? size : counts[level];
      button.hidden = level !== "all" && number === 0 && button.getAttribute("aria-pressed") !== "true";
      setText(button.querySelector(".ez-count"), number.toLocaleString(document.documentElement.lang || undefined));
    }
  }
}

function setText(element, text) {
  if (element.textContent !== text) {
    element.textContent = text;
  }
}
