// Presses the buttons of rows without leaving the page, and says what came of it.

import { nodesOf } from "./cells.js";

export class RowButtons {
  #form;
  #said;
  #pulse;

  constructor(form, said, pulse) {
    this.#form = form;
    this.#said = said;
    this.#pulse = pulse;
    form.addEventListener("submit", (event) => {
      if (event.submitter?.classList.contains("ez-row-button")) {
        event.preventDefault();
        this.#press(event.submitter);
      }
    });
  }

  async #press(button) {
    if (button.getAttribute("aria-busy") === "true") {
      return;
    }
    button.setAttribute("aria-busy", "true");
    try {
      const response = await fetch(button.formAction, {
        method: "POST",
        body: new FormData(this.#form),
        headers: { Accept: "application/json" },
      });
      if (response.redirected || response.status === 403) {
        this.#sayRefused();
        return;
      }
      if (!response.ok) {
        throw new Error(`${response.status}`);
      }
      const answer = await response.json();
      if (answer.redirect) {
        window.location.assign(answer.redirect);
        return;
      }
      this.#pulse.heard(answer);
      this.#say(answer.said.map(({ level, html }) => ({ level, nodes: nodesOf(html) })));
    } catch {
      this.#say([{ level: "error", nodes: [this.#form.dataset.failed] }]);
    } finally {
      button.removeAttribute("aria-busy");
    }
  }

  /** Trying again is no use; the page itself leads to where one logs in. */
  #sayRefused() {
    const link = document.createElement("a");
    link.className = "ez-log-link";
    link.href = window.location.href;
    link.textContent = this.#form.dataset.refused;
    this.#say([{ level: "error", nodes: [link] }]);
  }

  #say(sentences) {
    const items = sentences.map(({ level, nodes }) => {
      const item = document.createElement("p");
      item.className = `ez-said-${level}`;
      const text = document.createElement("span");
      text.append(...nodes);
      const close = document.createElement("button");
      close.type = "button";
      close.className = "ez-said-close";
      close.textContent = "×";
      close.setAttribute("aria-label", this.#form.dataset.close);
      close.addEventListener("click", () => item.remove());
      item.append(text, close);
      return item;
    });
    this.#said.replaceChildren(...items);
  }
}
