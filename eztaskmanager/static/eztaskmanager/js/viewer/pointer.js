// The lines that the address points to, #L120 or #L120-L140: chosen, marked, and copied as a link.

const SHOWN = 2_000;

export class Pointer {
  #on;
  #words;
  #copy = document.getElementById("ez-copy-link");
  #current = 0;

  /**
   * @param box The element that has the lines.
   * @param words Of the page.
   * @param on What to do: point(from) after the address was changed, chosen() after a number was clicked; and size(),
   *   how many lines there are.
   */
  constructor(box, words, on) {
    this.#words = words;
    this.#on = on;
    this.#listenToNumbers(box);
    this.#listenToField(box);
    this.#copy.addEventListener("click", () => this.#copyLink());
    window.addEventListener("hashchange", () => this.range && this.#on.point(this.range.from));
  }

  /** From which line to which one; null if the address points to none. */
  get range() {
    const match = /^#L(\d{1,15})(?:-L?(\d{1,15}))?$/.exec(window.location.hash);
    if (!match) {
      return null;
    }
    const ends = [Number(match[1]), Number(match[2] ?? match[1])].sort((a, b) => a - b);
    return { from: ends[0], to: ends[1] };
  }

  /** Have the address point to lines. */
  to(from, last = from) {
    window.history.replaceState(null, "", last === from ? `#L${from}` : `#L${from}-L${last}`);
    this.mark();
  }

  /** Mark the lines pointed to, and the one gone to; they may have come just now. */
  mark(current = this.#current) {
    this.#current = current;
    const { range } = this;
    this.#copy.hidden = range === null;
    for (const line of document.querySelectorAll("#ez-lines > .ez-line")) {
      const n = Number(line.dataset.n);
      line.classList.toggle("ez-pointed", range !== null && n >= range.from && n <= range.to);
      line.classList.toggle("ez-current", n === current);
    }
  }

  #listenToNumbers(box) {
    // A second number, chosen with the shift key, makes a range.
    box.addEventListener("click", (event) => {
      const number = event.target.closest?.(".ez-number");
      if (!number) {
        return;
      }
      event.preventDefault();
      const { range } = this;
      const n = Number(number.dataset.n);
      if (event.shiftKey && range) {
        this.to(Math.min(range.from, n), Math.max(range.to, n));
      } else {
        this.to(n);
      }
      this.#on.chosen();
    });
  }

  #listenToField(box) {
    const field = document.getElementById("ez-line");
    field.form.addEventListener("submit", (event) => {
      event.preventDefault();
      const last = Math.max(1, this.#on.size());
      const [from, to = from] = [...field.value.matchAll(/\d{1,15}/g)].map((n) => Math.min(Number(n), last));
      field.value = "";
      if (from) {
        this.to(Math.min(from, to), Math.max(from, to));
        this.#on.point(this.range.from);
        box.focus();
      }
    });
  }

  async #copyLink() {
    const isCopied = await copied(window.location.href);
    this.#copy.textContent = isCopied ? this.#words.copied : this.#words.not_copied;
    window.setTimeout(() => {
      this.#copy.textContent = this.#words.copy_link;
    }, SHOWN);
  }
}

/** Put a text on the clipboard. Returns whether that went well. */
async function copied(text) {
  try {
    await navigator.clipboard.writeText(text);
    return true;
  } catch {
    // Not allowed, or the page did not come over HTTPS; the old way asks for no permission.
    const field = document.createElement("textarea");
    field.className = "ez-clipboard";
    field.value = text;
    document.body.append(field);
    field.select();
    const isCopied = document.execCommand("copy");
    field.remove();
    return isCopied;
  }
}
