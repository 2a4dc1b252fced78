// Small pieces of the page.

// Make an element with attributes and children; texts are never read as HTML.
export function make(name, attributes = {}, ...children) {
  const element = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) {
    if (value === true) {
      element.setAttribute(key, "");
    } else if (value !== false && value !== null && value !== undefined && value !== "") {
      element.setAttribute(key, value);
    }
  }
  element.append(...children.filter((child) => child !== null));
  return element;
}

// Fill in a sentence.
export function say(sentence, values) {
  return sentence.replace(/\{(\w+)\}/g, (whole, name) => values[name] ?? whole);
}

// An id that any key can have.
export function idOf(key) {
  return `ez-arg-${Array.from(key, (char) => (/[A-Za-z0-9-]/.test(char) ? char : `_${char.codePointAt(0)}_`)).join("")}`;
}
