// Which lines are in the list: all, or those that were found; less what is folded away or was never kept.

/** Stretches of line numbers, ascending and apart. */
class Stretches {
  #stretches = [];

  set(stretches) {
    this.#stretches = [];
    let sum = 0;
    for (const [from, to] of [...stretches].sort((a, b) => a[0] - b[0])) {
      const last = this.#stretches.at(-1);
      if (last && from <= last.to + 1) {
        sum += Math.max(0, to - last.to);
        last.to = Math.max(last.to, to);
        last.sum = sum;
      } else {
        sum += to - from + 1;
        this.#stretches.push({ from, to, sum });
      }
    }
  }

  /** How many numbers up to this one are hidden. */
  upTo(n) {
    const at = lastIndex(this.#stretches, (stretch) => stretch.from <= n);
    if (at < 0) {
      return 0;
    }
    const { to, sum } = this.#stretches[at];
    return sum - Math.max(0, to - n);
  }

  /** The number of the line with so many visible ones before it. */
  visible(index) {
    const before = (k) => (k ? this.#stretches[k - 1].sum : 0);
    const at = lastIndex(this.#stretches, (stretch, k) => stretch.from - before(k) <= index + 1);
    return index + 1 + (at < 0 ? 0 : this.#stretches[at].sum);
  }

  has(n) {
    const at = lastIndex(this.#stretches, (stretch) => stretch.from <= n);
    return at >= 0 && n <= this.#stretches[at].to;
  }
}

/** The last index for which something holds, which holds for all before it. */
export function lastIndex(items, holds) {
  let [low, high] = [-1, items.length - 1];
  while (low < high) {
    const middle = Math.ceil((low + high) / 2);
    if (holds(items[middle], middle)) {
      low = middle;
    } else {
      high = middle - 1;
    }
  }
  return low;
}

export class Listing {
  #size = 0;
  #found = null;
  #hidden = new Stretches();
  #gaps = [];
  #folded = [];

  /** How many lines the log has, dropped ones too. */
  set size(size) {
    this.#size = size;
  }

  get size() {
    return this.#size;
  }

  /** Show only the lines with these numbers, an array that may grow; null for all. */
  show(found) {
    this.#found = found;
  }

  get isFiltered() {
    return this.#found !== null;
  }

  /** Leave out stretches of lines that are folded away. */
  fold(stretches) {
    this.#folded = stretches;
    this.#hidden.set([...this.#gaps, ...this.#folded]);
  }

  /** Leave out lines that were dropped. Returns whether that is news. */
  skip(from, to) {
    if (this.#gaps.some((gap) => gap[0] <= from && gap[1] >= to)) {
      return false;
    }
    this.#gaps.push([from, to]);
    this.#hidden.set([...this.#gaps, ...this.#folded]);
    return true;
  }

  get count() {
    return this.#found ? this.#found.length : this.#size - this.#hidden.upTo(this.#size);
  }

  numberAt(index) {
    return this.#found ? this.#found[index] : this.#hidden.visible(index);
  }

  /** The index of a line, or of the next one that is in the list; the last one at the most. */
  indexOf(n) {
    const index = this.#found
      ? lastIndex(this.#found, (number) => number < n) + 1
      : n - 1 - this.#hidden.upTo(n - 1);
    return Math.max(0, Math.min(index, this.count - 1));
  }

  has(n) {
    if (this.#found) {
      return this.#found[this.indexOf(n)] === n;
    }
    return n >= 1 && n <= this.#size && !this.#hidden.has(n);
  }
}
