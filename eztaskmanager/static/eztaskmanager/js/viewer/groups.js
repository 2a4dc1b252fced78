// Groups of lines: a line that opens one, a line that ends it, and between them what can be folded away.

import { lastIndex } from "./listing.js";

export class Groups {
  #marks = [];
  #groups = new Map();
  #ends = [];
  #closed = new Set();
  #depths = [];
  version = 0;

  /** Take the lines that open and end groups, in their order. */
  add(rows) {
    const last = this.#marks.at(-1)?.n ?? 0;
    const fresh = rows.filter((row) => row.n > last && (row.stream === "group" || row.stream === "end"));
    if (!fresh.length) {
      return false;
    }
    this.#marks.push(...fresh.map(({ n, stream }) => ({ n, isEnd: stream === "end" })));
    this.#arrange();
    return true;
  }

  #arrange() {
    const open = [];
    this.#groups.clear();
    this.#depths = [];
    this.#ends = [];
    for (const { n, isEnd } of this.#marks) {
      if (isEnd) {
        const start = open.pop();
        if (start !== undefined) {
          this.#groups.set(start, n);
        }
        this.#ends.push(n);
        this.#depths.push({ n, depth: open.length });
      } else {
        open.push(n);
        this.#groups.set(n, Infinity);
        this.#depths.push({ n: n + 1, depth: open.length });
      }
    }
    this.version += 1;
  }

  /** How many groups a line is in. */
  depth(n) {
    const at = lastIndex(this.#depths, (mark) => mark.n <= n);
    return at < 0 ? 0 : this.#depths[at].depth;
  }

  isClosed(n) {
    return this.#closed.has(n);
  }

  toggle(n) {
    if (!this.#closed.delete(n)) {
      this.#closed.add(n);
    }
    this.version += 1;
  }

  /** Open the groups that a line is in. Returns whether any was closed. */
  reveal(n) {
    const around = [...this.#closed].filter((start) => start < n && n <= this.#groups.get(start));
    around.forEach((start) => this.#closed.delete(start));
    this.version += around.length ? 1 : 0;
    return around.length > 0;
  }

  /** The stretches of lines that are not shown in a log of so many. */
  hidden(size) {
    const folded = [...this.#closed].map((start) => [start + 1, Math.min(size, this.#groups.get(start) ?? start)]);
    return [...this.#ends.map((n) => [n, n]), ...folded.filter(([from, to]) => to >= from)];
  }
}

/** Make the title of a group, which folds it. */
export function groupTitle(text, isOpen) {
  const button = document.createElement("button");
  button.type = "button";
  button.className = "ez-group";
  button.setAttribute("aria-expanded", String(isOpen));
  button.textContent = text;
  return button;
}
