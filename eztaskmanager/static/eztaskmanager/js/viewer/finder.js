// The numbers of the lines that match, found page by page, and further as the log grows.

export class Finder {
  #ask;
  #filter;
  #onPage;
  #isRunning = false;
  #isDropped = false;
  #size = 0;
  #scannedTo = 0;
  numbers = [];

  /**
   * @param ask Asks for a page; null when there is no answer.
   * @param filter Parameters of the question.
   * @param onPage Called after each page.
   */
  constructor(ask, filter, onPage) {
    this.#ask = ask;
    this.#filter = filter;
    this.#onPage = onPage;
  }

  get isComplete() {
    return this.#scannedTo >= this.#size;
  }

  get scannedTo() {
    return this.#scannedTo;
  }

  /** The number after another one, or before it, and around the ends; undefined where nothing was found. */
  beside(n, step) {
    return step > 0
      ? (this.numbers.find((number) => number > n) ?? this.numbers[0])
      : (this.numbers.findLast((number) => number < n) ?? this.numbers.at(-1));
  }

  /** Forget it: no more questions, no more pages. */
  drop() {
    this.#isDropped = true;
  }

  /** Take lines that are known to be all that follow what was looked through. */
  take(numbers, to) {
    this.numbers.push(...numbers);
    this.#scannedTo = to;
    this.#size = Math.max(this.#size, to);
  }

  /** Look through a log of so many lines. */
  async run(size) {
    this.#size = Math.max(this.#size, size);
    if (this.#isRunning) {
      return;
    }
    this.#isRunning = true;
    try {
      while (!this.isComplete && !this.#isDropped) {
        const found = await this.#ask({ ...this.#filter, after: this.#scannedTo });
        if (!found || this.#isDropped) {
          return;
        }
        for (const n of found.numbers) {
          this.numbers.push(n);
        }
        this.#scannedTo = found.scanned_to;
        this.#onPage(this);
      }
    } finally {
      this.#isRunning = false;
    }
  }
}
