// The controls of one field. A field's values are a list for each time it is given: [["a", "b"], ["c"]].

import { idOf, make, say } from "./nodes.js";

const INPUT_MODES = { integer: "numeric", number: "decimal" };
const DATES = {
  date: /^(\d{4}-\d{2}-\d{2})?$/,
  datetime: /^(\d{4}-\d{2}-\d{2}T\d{2}:\d{2}(:\d{2})?)?$/,
  time: /^(\d{2}:\d{2}(:\d{2})?)?$/,
};
const TYPES = { date: "date", datetime: "datetime-local", time: "time", email: "email", url: "url" };

// Make the controls of a field.
// `given` are its values; `changed(values)` is called while they are edited.
export function makeControl(field, given, words, changed) {
  if (field.kind === "flag") {
    return makeFlag(field, given, changed);
  }
  if (field.kind === "count") {
    return makeCount(field, given, words, changed);
  }
  if (field.kind === "boolean") {
    return makeBoolean(field, given, words, changed);
  }
  if (field.is_repeatable || field.max_values !== 1) {
    return new Rows(field, given, words, changed).element;
  }
  return makeSingle(field, given, words, changed);
}

function makeFlag(field, given, changed) {
  const input = make("input", { type: "checkbox", id: idOf(field.key) });
  input.checked = given.length > 0;
  input.addEventListener("change", () => changed(input.checked ? [[]] : []));
  return input;
}

function makeCount(field, given, words, changed) {
  const input = make("input", { type: "number", min: "0", max: "99", id: idOf(field.key), title: words.times });
  input.value = given.length || "";
  input.placeholder = "0";
  input.addEventListener("input", () => {
    const times = Math.min(Math.max(Number.parseInt(input.value, 10) || 0, 0), 99);
    changed(Array.from({ length: times }, () => []));
  });
  return input;
}

function makeBoolean(field, given, words, changed) {
  const select = make("select", { id: idOf(field.key) });
  select.append(option("", emptyLabel(field, words)), option("yes", words.yes), option("no", words.no));
  select.value = given[0]?.[0] ?? "";
  select.addEventListener("change", () => changed(select.value ? [[select.value]] : []));
  return select;
}

function makeSingle(field, given, words, changed) {
  const value = given[0]?.[0];
  // Given as an empty text is not the same as not given: what was not touched stays.
  const control = makeInput(field, value ?? "", words, idOf(field.key), (text) => changed(text === "" ? [] : [[text]]));
  if (field.min_values > 0 || field.kind === "subcommand") {
    return control;
  }
  const bare = make("input", { type: "checkbox", id: `${idOf(field.key)}-bare` });
  bare.checked = given.length > 0 && given[0].length === 0;
  control.disabled = bare.checked;
  bare.addEventListener("change", () => {
    control.disabled = bare.checked;
    changed(bare.checked ? [[]] : control.value === "" ? [] : [[control.value]]);
  });
  if (!field.option) {
    return control;
  }
  return make("span", { class: "ez-arg-optional" }, control, make("label", { for: bare.id }, bare, ` ${words.given}`));
}

function makeInput(field, value, words, id, changed, label = "") {
  const shared = { id, "aria-label": label };
  let control;
  if (field.choices.length && !(field.is_secret && field.kind !== "subcommand")) {
    control = make("select", shared);
    control.append(option("", emptyLabel(field, words)));
    const known = field.choices.some(([choice]) => choice === value);
    for (const [choice, text] of known || value === "" ? field.choices : [...field.choices, [value, value]]) {
      control.append(option(choice, text));
    }
  } else if (field.kind === "textarea" && !field.is_secret) {
    control = make("textarea", { ...shared, rows: "3", placeholder: field.placeholder });
  } else {
    control = make("input", {
      ...shared,
      type: typeOf(field, value),
      inputmode: INPUT_MODES[field.kind],
      placeholder: field.placeholder,
      // Browsers fill in passwords of their own otherwise.
      autocomplete: field.is_secret ? "new-password" : "off",
      spellcheck: "false",
      step: field.kind === "time" || field.kind === "datetime" ? "1" : null,
    });
  }
  control.value = value;
  control.addEventListener(control.tagName === "SELECT" ? "change" : "input", () => changed(control.value));
  return control;
}

function typeOf(field, value) {
  if (field.is_secret) {
    return "password";
  }
  // A date that is no date, such as one from the environment, is shown as text.
  if (DATES[field.kind] && !DATES[field.kind].test(value)) {
    return "text";
  }
  return TYPES[field.kind] ?? "text";
}

function emptyLabel(field, words) {
  return field.default ? say(words.default, { value: field.default }) : `– ${words.not_given} –`;
}

function option(value, text) {
  const element = make("option", {}, text);
  element.value = value;
  return element;
}

// The values of a field that takes several, or may be given several times: a row for each, with buttons.
class Rows {
  #field;
  #words;
  #changed;
  #given;
  #list;

  constructor(field, given, words, changed) {
    this.#field = field;
    this.#words = words;
    this.#changed = changed;
    // A row for each time it is given.
    this.#given = given.map((values) => [...values]);
    this.#list = make("div", { class: "ez-arg-rows" });
    this.element = make("div", { class: "ez-arg-several", id: idOf(field.key), role: "group" }, this.#list);
    this.#draw();
  }

  get #isFixed() {
    return this.#field.min_values === this.#field.max_values;
  }

  #draw() {
    const rows = this.#given.map((values, time) => this.#row(values, time));
    if (!rows.length) {
      rows.push(this.#row(this.#blank(), 0));
    }
    this.#list.replaceChildren(...rows);
    if (this.#field.is_repeatable) {
      this.#list.append(
        this.#adder(() => {
          // The empty row that is there already is none yet.
          if (!this.#given.length) {
            this.#given.push(this.#blank());
          }
          this.#given.push(this.#blank());
        }),
      );
    }
  }

  #blank() {
    return Array(this.#isFixed ? this.#field.max_values : 1).fill("");
  }

  #row(values, time) {
    const inputs = values.map((value, number) => this.#input(values, value, time, number));
    const row = make("div", { class: "ez-arg-row" }, ...inputs);
    if (this.#isFixed) {
      if (this.#field.is_repeatable && this.#given.length) {
        row.append(this.#remover(time, () => this.#given.splice(time, 1)));
      }
    } else if (this.#field.max_values !== 1) {
      row.append(
        this.#adder(() => {
          if (this.#given[time] === undefined) {
            this.#given[time] = values;
          }
          this.#given[time].push("");
        }),
      );
    } else if (this.#given.length) {
      row.append(this.#remover(time, () => this.#given.splice(time, 1)));
    }
    return row;
  }

  #input(values, value, time, number) {
    const { label, key } = this.#field;
    const n = this.#field.max_values === 1 ? time + 1 : number + 1;
    const words = say(this.#words.value_of, { label, n });
    const id = time || number ? `${idOf(key)}-${time}-${number}` : `${idOf(key)}-first`;
    const input = makeInput(this.#field, value, this.#words, id, (text) => {
      this.#given[time] ??= values;
      this.#given[time][number] = text;
      this.#tell();
    }, words);
    if (this.#isFixed || this.#field.max_values === 1 || values.length < 2) {
      return input;
    }
    return make("span", { class: "ez-arg-value" }, input, this.#remover(n - 1, () => this.#given[time].splice(number, 1)));
  }

  #adder(add) {
    const title = say(this.#words.add_to, { label: this.#field.label });
    const button = make("button", { type: "button", class: "ez-arg-add", title, "aria-label": title }, `+ ${this.#words.add}`);
    button.addEventListener("click", () => {
      add();
      this.#draw();
      const inputs = this.#list.querySelectorAll("input, select, textarea");
      inputs[inputs.length - 1]?.focus();
    });
    return button;
  }

  #remover(number, remove) {
    const title = say(this.#words.remove_from, { label: this.#field.label, n: number + 1 });
    const button = make("button", { type: "button", class: "ez-arg-remove", title, "aria-label": title }, "×");
    button.addEventListener("click", () => {
      remove();
      this.#draw();
      this.#tell();
      this.#list.querySelector("input, select, textarea, button")?.focus();
    });
    return button;
  }

  #tell() {
    // Rows that are still empty are not given yet; of a fixed number the gaps are told as errors.
    const given = this.#given.map((values) => (this.#isFixed ? values : values.filter((value) => value !== "")));
    this.#changed(given.filter((values) => values.some((value) => value !== "")));
  }
}
