// The rows of the list, as the scroller asks for them.

import { lineMaker, placeholder } from "./lines.js";

export class Rows {
  #listing;
  #store;
  #groups;
  #makeLine;
  #needles = null;
  #unfolded = new Set();
  #whole = new Set();
  #version = 0;

  /** @param times Writes moments; @param words Of the page. */
  constructor({ listing, store, groups, times, words }) {
    this.#listing = listing;
    this.#store = store;
    this.#groups = groups;
    this.#makeLine = lineMaker(times, words);
  }

  /** What is marked in the lines; null for nothing. */
  set needles(needles) {
    this.#needles = needles;
    this.#version += 1;
  }

  /** Remember that a line's fold was opened or closed by hand, for when its row comes back. */
  unfold(n, isOpen) {
    if (isOpen) {
      this.#unfolded.add(n);
    } else {
      this.#unfolded.delete(n);
    }
  }

  /** Show a long line to its end from now on. */
  showWhole(n) {
    this.#whole.add(n);
  }

  get count() {
    return this.#listing.count;
  }

  keyOf(index) {
    const n = this.#listing.numberAt(index);
    return `${n} ${this.#store.get(n) ? this.#version : "?"} ${this.#groups.version} ${this.#whole.has(n)}`;
  }

  makeRow(index) {
    const n = this.#listing.numberAt(index);
    const row = this.#store.get(n);
    const depth = this.#groups.depth(n);
    const how = {
      needles: this.#needles,
      isOpen: !this.#groups.isClosed(n),
      isUnfolded: this.#unfolded.has(n),
      isWhole: this.#whole.has(n),
    };
    const element = row ? this.#makeLine(row, how) : placeholder(n);
    if (depth) {
      element.style.setProperty("--ez-depth", String(depth));
    }
    element.setAttribute("aria-posinset", String(index + 1));
    element.setAttribute("aria-setsize", String(this.#listing.count));
    return element;
  }

  guess(index) {
    const text = this.#store.get(this.#listing.numberAt(index))?.text ?? "";
    return text.length < 400 ? 1 : Math.min(50, Math.floor(text.length / 400));
  }
}
