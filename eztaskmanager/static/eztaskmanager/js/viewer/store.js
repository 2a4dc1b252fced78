// Lines that were read: those around the view, and no more than a tab can bear.

const MOST_LINES = 4_000;
const MOST_CHARACTERS = 16_000_000;
const WINDOW = 300;
const AHEAD = 100;

export class Store {
  #ask;
  #on;
  #rows = new Map();
  #characters = 0;
  #wanted = null;
  #isReading = false;

  /**
   * @param ask Asks for lines; null when there is no answer.
   * @param on `read()` when lines have come, `gap(from, to)` when it shows that lines were dropped.
   */
  constructor(ask, on) {
    this.#ask = ask;
    this.#on = on;
  }

  /** A line if it is here. */
  get(n) {
    return this.#rows.get(n);
  }

  /** How many lines are here, for tests. */
  get size() {
    return this.#rows.size;
  }

  /** Have these lines read unless they are here; what was wanted before no longer is.
   *
   * @param numbers Ascending; @param isWhole whether they are neighbours in the log; @param isUp where to look ahead.
   */
  want(numbers, { isWhole, isUp = false }) {
    const missing = [];
    for (const n of numbers) {
      const row = this.#rows.get(n);
      if (row === undefined) {
        missing.push(n);
      } else {
        // The most recent ones stand last, and go last.
        this.#rows.delete(n);
        this.#rows.set(n, row);
      }
    }
    this.#wanted = missing.length ? { missing, isWhole, isUp } : null;
    this.#read();
  }

  /** Keep lines that have come. */
  keep(rows) {
    for (const row of rows) {
      if (!this.#rows.has(row.n)) {
        this.#rows.set(row.n, row);
        this.#characters += row.text.length;
      }
    }
    for (const [n, row] of this.#rows) {
      if (this.#rows.size <= MOST_LINES && this.#characters <= MOST_CHARACTERS) {
        break;
      }
      this.#characters -= row.text.length;
      this.#rows.delete(n);
    }
  }

  async #read() {
    if (this.#isReading) {
      return;
    }
    this.#isReading = true;
    try {
      while (this.#wanted) {
        const { missing, isWhole, isUp } = this.#wanted;
        this.#wanted = null;
        const answer = await this.#ask(question(missing, isWhole, isUp));
        if (!answer) {
          break;
        }
        const rows = answer.new_log_lines;
        this.keep(rows);
        this.#bury(missing, rows, isWhole);
        this.#findGaps(missing, rows, isWhole && isUp, isWhole, answer.log_size);
        this.#on.read();
      }
    } finally {
      this.#isReading = false;
    }
  }

  /** Lines that were found and have gone since are not asked for again. */
  #bury(missing, rows, isWhole) {
    const last = rows.at(-1)?.n ?? Infinity;
    const here = new Set(rows.map((row) => row.n));
    if (!isWhole) {
      const gone = missing.slice(0, WINDOW).filter((n) => n < last && !here.has(n));
      this.keep(gone.map((n) => ({ n, at: 0, level: "", stream: "log", text: "" })));
    }
  }

  /** A line that was asked for and is not there was dropped. */
  #findGaps(missing, rows, isUp, isWhole, size) {
    if (!isWhole) {
      return;
    }
    let [before, after] = isUp ? [rows[0]?.n ?? missing[0], missing.at(-1) + 1] : [missing[0] - 1, size + 1];
    if (isUp && !rows.length) {
      before = 0;
    }
    const numbers = rows.map((row) => row.n);
    if (isUp) {
      numbers.push(after);
    } else if (!rows.length) {
      numbers.push(after);
    }
    for (const n of numbers) {
      if (n > before + 1) {
        this.#on.gap(before + 1, n - 1);
      }
      before = n;
    }
  }
}

function question(missing, isWhole, isUp) {
  if (!isWhole) {
    return { lines: missing.slice(0, WINDOW).join(",") };
  }
  const span = Math.min(WINDOW, missing.at(-1) - missing[0] + 1 + AHEAD);
  return isUp ? { before: missing.at(-1) + 1, limit: span } : { offset: missing[0] - 1, limit: span };
}
