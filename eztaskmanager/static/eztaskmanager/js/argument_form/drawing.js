// Draws the form of a command: sections, groups of which one may be given, subcommands, errors at their fields.

import { makeControl } from "./inputs.js";
import { idOf, make, say } from "./nodes.js";

// Draw a form into a list of nodes.
// `state` has the values; `edit(key, given)` is called while a field is edited.
export function drawForm(form, state, words, edit, depth = 0) {
  const nodes = form.sections.map((section) => drawSection(section, form.exclusives, state, words, edit, depth));
  return nodes.filter((node) => node !== null);
}

function drawSection(section, exclusives, state, words, edit, depth) {
  const drawn = new Set();
  const parts = [];
  for (const field of section.fields) {
    if (drawn.has(field.key)) {
      continue;
    }
    const group = exclusives.find(({ keys }) => keys.includes(field.key));
    const members = group ? section.fields.filter(({ key }) => group.keys.includes(key)) : [field];
    members.forEach(({ key }) => drawn.add(key));
    const fields = members.map((member) => drawField(member, state, words, edit, depth));
    if (members.length > 1) {
      const legend = group.is_required ? words.exactly_one : words.at_most_one;
      parts.push(make("fieldset", { class: "ez-arg-exclusive" }, make("legend", {}, legend), ...fields));
    } else {
      parts.push(...fields);
    }
  }
  if (!parts.length) {
    return null;
  }
  const grid = make("div", { class: "ez-arg-grid" }, ...parts);
  const about = section.description ? make("p", { class: "ez-arg-about" }, section.description) : null;
  if (section.is_folded) {
    const details = make("details", { class: "ez-arg-section" }, make("summary", {}, section.title), about, grid);
    details.open = state.unfolded || section.fields.some(({ key }) => state.values[key]?.length || state.errors[key]);
    details.addEventListener("toggle", () => {
      state.unfolded = details.open;
    });
    return details;
  }
  if (!section.title) {
    return grid;
  }
  return make("fieldset", { class: "ez-arg-section" }, make("legend", {}, section.title), about, grid);
}

function drawField(field, state, words, edit, depth) {
  const id = idOf(field.key);
  const given = state.values[field.key] ?? [];
  const control = makeControl(field, given, words, (values) => edit(field.key, values, field.kind === "subcommand"));
  const isGroup = control.getAttribute("role") === "group";
  const label = make(isGroup ? "span" : "label", { class: field.required ? "required" : "", for: isGroup ? null : id, id: `${id}-label` });
  label.append(field.label);
  const help = [field.help];
  if (field.default && !field.help.includes(field.default) && !["boolean", "subcommand"].includes(field.kind) && !field.choices.length) {
    help.push(say(words.default, { value: field.default }));
  }
  const text = help.filter(Boolean).join("\n");
  const parts = [
    make("code", { class: "ez-arg-option" }, field.option),
    text ? make("div", { class: "help ez-arg-help", id: `${id}-help` }, text) : null,
    make("ul", { class: "errorlist ez-arg-errors", id: `${id}-errors`, hidden: true }),
  ];
  const described = [text ? `${id}-help` : "", `${id}-errors`].filter(Boolean).join(" ");
  const main = isGroup || ["INPUT", "SELECT", "TEXTAREA"].includes(control.tagName) ? control : control.querySelector("input, select, textarea");
  main.setAttribute("aria-describedby", described);
  if (isGroup) {
    control.setAttribute("aria-labelledby", `${id}-label`);
  } else if (field.required) {
    main.setAttribute("aria-required", "true");
  }
  if (!field.option) {
    parts.shift();
  }
  const isFlag = field.kind === "flag";
  const head = isFlag
    ? make("div", { class: "ez-arg-check" }, control, label, ...parts.splice(0, field.option ? 1 : 0))
    : make("div", { class: "ez-arg-head" }, label, ...parts.splice(0, field.option ? 1 : 0));
  const isWide = field.kind === "textarea" || field.kind === "subcommand";
  const element = make("div", { class: `ez-arg ez-arg-${field.kind}${isWide ? " ez-arg-wide" : ""}`, "data-key": field.key }, head);
  element.append(...(isFlag ? [] : [control]), ...parts.filter((part) => part !== null));
  if (field.kind === "subcommand") {
    element.append(drawSubform(field, given[0]?.[0] ?? "", state, words, edit, depth));
  }
  return element;
}

function drawSubform(field, name, state, words, edit, depth) {
  const subform = field.subforms[name];
  if (!subform) {
    return make("div", { hidden: true });
  }
  const about = subform.description ? make("p", { class: "ez-arg-about" }, subform.description) : null;
  const parts = drawForm(subform, state, words, edit, depth + 1);
  return make("fieldset", { class: "ez-arg-subform" }, make("legend", {}, name), about, ...parts);
}

// Show messages at their fields; gives those that belong to none that is shown.
export function drawErrors(box, errors, skip) {
  const rest = [];
  const shown = new Set();
  for (const element of box.querySelectorAll(".ez-arg[data-key]")) {
    const key = element.dataset.key;
    const messages = skip.has(key) ? [] : (errors[key] ?? []);
    shown.add(key);
    const list = element.querySelector(":scope > .ez-arg-errors");
    list.replaceChildren(...messages.map((message) => make("li", {}, message)));
    list.hidden = !messages.length;
    element.classList.toggle("ez-arg-wrong", messages.length > 0);
    for (const control of element.querySelectorAll("input, select, textarea")) {
      if (control.closest(".ez-arg") === element) {
        control.toggleAttribute("aria-invalid", false);
        if (messages.length) {
          control.setAttribute("aria-invalid", "true");
        }
      }
    }
  }
  for (const [key, messages] of Object.entries(errors)) {
    if (!shown.has(key)) {
      rest.push(...messages);
    }
  }
  return rest;
}
