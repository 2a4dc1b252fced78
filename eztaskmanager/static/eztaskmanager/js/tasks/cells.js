// Puts into the cells of the page what the server says they show now.

import { refresh } from "./alive.js";

const shown = new Map();

/** The numbers of the tasks on the page. */
export function tasksOnPage() {
  return [...new Set([...document.querySelectorAll("[data-ez-task]")].map((cell) => cell.dataset.ezTask))];
}

export function update(rows) {
  for (const [task, cells] of Object.entries(rows)) {
    for (const [name, html] of Object.entries(cells)) {
      const key = `${task} ${name}`;
      const cell = document.querySelector(`[data-ez-cell="${name}"][data-ez-task="${task}"]`);
      if (cell && shown.get(key) !== html) {
        shown.set(key, html);
        replace(cell, html);
      }
    }
  }
}

/** Nodes of a piece that the server has escaped. Scripts in it would stay dead. */
export function nodesOf(html) {
  return [...new DOMParser().parseFromString(html, "text/html").body.childNodes];
}

function replace(cell, html) {
  const fresh = document.createElement("div");
  fresh.append(...nodesOf(html));
  refresh(fresh);
  if (fresh.innerHTML === cell.innerHTML) {
    return;
  }
  const focused = cell.contains(document.activeElement) ? [...cell.querySelectorAll("a, button")] : [];
  const place = focused.indexOf(document.activeElement);
  const same = place < 0 ? null : nameOf(document.activeElement);
  cell.replaceChildren(...fresh.childNodes);
  if (place >= 0) {
    // What had the focus may be another button now, such as Pause in place of Resume. Nothing else that acts may get it,
    // for the next Enter would press it.
    const targets = [...cell.querySelectorAll("a, button")];
    const links = targets.filter((target) => target.localName === "a");
    const named = (name) => targets.find((target) => nameOf(target) === name);
    cell.tabIndex = -1;
    (named(same) ?? named(counterpartOf(same)) ?? links[Math.min(place, links.length - 1)] ?? cell).focus();
  }
}

/** Names the button that takes the place of one: they end a schedule's rest, and begin it. */
function counterpartOf(name) {
  return name.replace(/(start|pause)(?=\/$|-task$)/, (doing) => (doing === "start" ? "pause" : "start"));
}

function nameOf(element) {
  return element.getAttribute("formaction") ?? element.getAttribute("href") ?? element.getAttribute("name");
}
