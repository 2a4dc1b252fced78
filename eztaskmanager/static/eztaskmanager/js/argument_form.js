// A form for the arguments of a command, beside their text; each follows the other, and the text is what is saved.

import { drawErrors, drawForm } from "./argument_form/drawing.js";
import { make } from "./argument_form/nodes.js";

const TYPING_PAUSE = 300;
// What must not wait for a form without faults.
const URGENT = ["_stop-task", "_pause-task"];

class ArgumentForm {
  #data;
  #words;
  #text;
  #chooser;
  #box;
  #state = { values: {}, errors: {}, unfolded: false };
  #form = null;
  #drawn = "";
  #touched = new Set();
  #isSubmitted;
  #timer = null;
  #asked = 0;
  #isAhead = false;

  constructor(place) {
    this.#data = place.dataset;
    this.#words = JSON.parse(place.dataset.words);
    this.#text = document.getElementById(place.dataset.text);
    this.#chooser = place.dataset.chooser ? document.getElementById(place.dataset.chooser) : null;
    const row = this.#text.closest(".form-row") ?? this.#text.parentElement;
    // A page that comes back with errors tells what is missing, too.
    this.#isSubmitted = row.querySelector(".errorlist") !== null || row.classList.contains("errors");
    this.#box = make(
      "div",
      { class: "ez-argument-form", role: "group", "aria-label": this.#words.title, hidden: true },
      make("p", { class: "ez-arg-description" }),
      make("p", { class: "ez-arg-note", role: "status" }),
      make("ul", { class: "errorlist ez-arg-all-errors", hidden: true }),
      make("fieldset", { class: "ez-arg-body" }),
    );
    row.after(this.#box);
    this.#text.addEventListener("input", () => this.#soon(() => this.#readText()));
    if (this.#chooser) {
      this.#chooser.addEventListener("change", () => this.#choose());
      // The admin's searching select tells through jQuery alone.
      window.django?.jQuery?.(this.#chooser).on("select2:select", () => this.#choose());
    }
    this.#text.form.addEventListener("submit", (event) => this.#submit(event));
    this.#readText();
  }

  // What is in the form must be in the text before the text is saved.
  async #submit(event) {
    if (!this.#isAhead || URGENT.includes(event.submitter?.name)) {
      return;
    }
    event.preventDefault();
    this.#isSubmitted = true;
    await this.#writeText();
    if (this.#isAhead) {
      this.#box.querySelector("[aria-invalid]")?.focus();
    } else {
      this.#text.form.requestSubmit(event.submitter);
    }
  }

  #choose() {
    this.#touched.clear();
    this.#isSubmitted = false;
    this.#isAhead = false;
    this.#readText();
  }

  #soon(act) {
    window.clearTimeout(this.#timer);
    // What is under way is about what was there before.
    this.#asked += 1;
    this.#timer = window.setTimeout(act, TYPING_PAUSE);
  }

  get #command() {
    return this.#data.command || this.#chooser?.value || "";
  }

  async #ask(parameters) {
    window.clearTimeout(this.#timer);
    this.#asked += 1;
    const asked = this.#asked;
    const body = new URLSearchParams({ command: this.#command, masked: this.#data.masked, ...parameters });
    const token = this.#text.form.elements.csrfmiddlewaretoken.value;
    let answer = null;
    try {
      const response = await fetch(this.#data.url, {
        method: "POST",
        body,
        headers: { Accept: "application/json", "X-CSRFToken": token },
      });
      answer = response.ok && !response.redirected ? await response.json() : null;
    } catch {
      // Told below.
    }
    return asked === this.#asked ? { answer } : null;
  }

  async #readText() {
    if (!this.#command) {
      this.#box.hidden = true;
      return;
    }
    const asked = await this.#ask({ text: this.#text.value });
    if (asked === null) {
      return;
    }
    this.#isAhead = false;
    this.#box.hidden = false;
    const { answer } = asked;
    if (!answer?.form) {
      this.#form = null;
      this.#drawn = "";
      this.#part("body").replaceChildren();
      this.#tell(answer ? "" : this.#words.failed, answer ? answer.errors : {}, []);
      return;
    }
    this.#form = answer.form;
    const isReadable = answer.values !== null;
    if (isReadable) {
      this.#state.values = answer.values;
    }
    this.#part("body").disabled = !isReadable;
    this.#state.errors = answer.errors;
    this.#draw();
    this.#tell(isReadable ? "" : this.#words.unreadable, answer.errors, answer.missing);
  }

  async #writeText() {
    const asked = await this.#ask({ values: JSON.stringify(this.#state.values) });
    if (asked === null) {
      return;
    }
    const { answer } = asked;
    if (answer && answer.text !== null) {
      this.#text.value = answer.text;
      this.#isAhead = false;
    }
    this.#tell(answer ? "" : this.#words.failed, answer?.errors ?? {}, answer?.missing ?? []);
  }

  #draw() {
    // Whoever writes in the text keeps the form as it is while nothing changes in it.
    const drawn = JSON.stringify([this.#form, this.#state.values]);
    if (drawn === this.#drawn) {
      return;
    }
    this.#drawn = drawn;
    const focused = this.#box.contains(document.activeElement) ? document.activeElement.id : "";
    const edit = (key, given, isSubcommand) => this.#edit(key, given, isSubcommand);
    const parts = drawForm(this.#form, this.#state, this.#words, edit);
    this.#part("body").replaceChildren(...(parts.length ? parts : [make("p", {}, this.#words.no_arguments)]));
    this.#part("description").textContent = this.#form.description;
    if (focused) {
      document.getElementById(focused)?.focus();
    }
  }

  #edit(key, given, isSubcommand) {
    this.#touched.add(key);
    const values = { ...this.#state.values };
    delete values[key];
    if (given.length) {
      values[key] = given;
    }
    this.#state.values = values;
    this.#drawn = "";
    this.#isAhead = true;
    if (isSubcommand) {
      this.#draw();
    }
    this.#soon(() => this.#writeText());
  }

  #tell(note, errors, missing) {
    const skip = new Set(this.#isSubmitted ? [] : missing.filter((key) => !this.#touched.has(key)));
    const shown = Object.fromEntries(Object.entries(errors).filter(([key]) => !skip.has(key)));
    const rest = drawErrors(this.#box, shown, skip);
    const list = this.#part("all-errors");
    list.replaceChildren(...rest.map((message) => make("li", {}, message)));
    list.hidden = !rest.length;
    const sentences = [note, this.#form?.warning ?? ""].filter(Boolean);
    this.#part("note").textContent = sentences.join(" ");
    this.#part("note").hidden = !sentences.length;
    this.#part("description").hidden = !this.#part("description").textContent || this.#form === null;
  }

  #part(name) {
    return this.#box.querySelector(`.ez-arg-${name}`);
  }
}

const place = document.getElementById("ez-argument-form-place");
if (place && document.getElementById(place.dataset.text)?.tagName === "TEXTAREA") {
  new ArgumentForm(place);
}
