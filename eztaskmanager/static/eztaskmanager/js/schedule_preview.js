// Shows the next rides of the schedule that stands in the form, while it is written.

const TYPING_PAUSE = 350;
const FIELDS = [
  "scheduling_0",
  "scheduling_1",
  "repetition_rate",
  "repetition_period",
  "cron",
  "timezone",
  "ends_at_0",
  "ends_at_1",
  "jitter",
];

class Preview {
  #url;
  #task;
  #box;
  #form;
  #timer = null;
  #asked = 0;

  constructor(template, fieldset) {
    this.#url = template.dataset.url;
    this.#task = template.dataset.task ?? "";
    fieldset.append(template.content.cloneNode(true));
    this.#box = fieldset.querySelector(".ez-preview");
    this.#form = fieldset.closest("form");
    for (const type of ["input", "change"]) {
      fieldset.addEventListener(type, () => this.#soon());
    }
    // The calendar and the clock of the admin set values, and tell no one until the input has the focus again.
    fieldset.addEventListener("focusin", () => this.#soon());
    this.#show();
  }

  #soon() {
    window.clearTimeout(this.#timer);
    this.#timer = window.setTimeout(() => this.#show(), TYPING_PAUSE);
  }

  async #show() {
    this.#asked += 1;
    const asked = this.#asked;
    const parameters = new URLSearchParams();
    if (this.#task) {
      parameters.set("task", this.#task);
    }
    for (const name of FIELDS) {
      parameters.set(name, this.#form.elements[name]?.value ?? "");
    }
    let answer = null;
    try {
      const response = await fetch(`${this.#url}?${parameters}`, { headers: { Accept: "application/json" } });
      answer = response.ok && !response.redirected ? await response.json() : null;
    } catch {
      // Told below.
    }
    if (asked === this.#asked) {
      this.#tell(answer);
    }
  }

  #tell(answer) {
    const errors = answer ? Object.values(answer.errors).flat() : [];
    const rides = answer?.rides ?? [];
    const words = answer?.description ?? "";
    this.#part("zone").textContent = answer?.zone ? `(${answer.zone})` : "";
    this.#part("words").textContent = words ? words.charAt(0).toUpperCase() + words.slice(1) : "";
    this.#part("failed").hidden = answer !== null;
    this.#part("empty").hidden = answer === null || Boolean(words) || errors.length > 0;
    this.#part("none").hidden = !words || rides.length > 0 || errors.length > 0;
    fill(this.#part("rides"), rides, ({ at, text, note }) => {
      const ride = document.createDocumentFragment();
      const time = document.createElement("time");
      time.dateTime = at;
      time.textContent = text;
      ride.append(time);
      if (note) {
        const remark = document.createElement("span");
        remark.className = "ez-preview-note";
        remark.textContent = note;
        ride.append(remark);
      }
      return ride;
    });
    fill(this.#part("errors"), errors, (text) => text);
    if (answer && answer.utc_offset !== null && window.DateTimeShortcuts) {
      // "Now" is meant by the clock of the task.
      window.DateTimeShortcuts.timezoneOffset = -60 * new Date().getTimezoneOffset() - answer.utc_offset;
    }
  }

  #part(name) {
    return this.#box.querySelector(`.ez-preview-${name}`);
  }
}

function fill(list, items, make) {
  list.replaceChildren(
    ...items.map((item) => {
      const entry = document.createElement("li");
      entry.append(make(item));
      return entry;
    }),
  );
  list.hidden = items.length === 0;
}

const template = document.getElementById("ez-preview-template");
// Not every look of the admin makes a fieldset of it.
const fieldset = document.querySelector(".ez-scheduling [name=cron]")?.closest(".ez-scheduling");
if (template && fieldset) {
  new Preview(template, fieldset);
}
