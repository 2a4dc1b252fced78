// A list of any length in a box that scrolls: only the rows in view are in the page.
//
// Rows have any height, known only once they are there, and a list may be taller than browsers can lay out. So nothing
// is summed up: one row, the anchor, is where it is, the others stand above and below it, and the bar is put where
// that row is in the list. While one scrolls, rows move as the browser moves them; the bar is mended afterwards, or
// when an end comes near.

// Firefox lays out nothing beyond 17.9 million pixels, Chromium nothing beyond 33.5.
const TALLEST = 8_000_000;
const MARGIN = 800;
const JUMP = 3;
const SETTLING = 200;
const MOST_ROWS = 400;

export class Scroller {
  #box;
  #room;
  #layer;
  #list;
  #on;
  #elements = new Map();
  #anchor = { index: 0, y: 0 };
  #isPinned = false;
  #top = 0;
  #height = 0;
  #layerTop = 0;
  #row = 19;
  #seen = { rows: 0, height: 0 };
  #timer = null;

  /**
   * @param box The element that scrolls.
   * @param layer The one that takes the rows, in one that takes the list's height.
   * @param list With `count`, `keyOf(index)`, `makeRow(index)` and `guess(index)`, rows' heights in rows of one line.
   * @param on `moved("up" | "down")` by the reader, and `drawn(first, last)`.
   */
  constructor(box, layer, list, on) {
    this.#box = box;
    this.#room = layer.parentElement;
    this.#layer = layer;
    this.#list = list;
    this.#on = on;
    box.addEventListener("scroll", () => this.#scrolled(), { passive: true });
    new ResizeObserver(() => this.draw()).observe(box);
  }

  get isAtBottom() {
    const last = this.#elements.get(this.#list.count - 1);
    return this.#list.count === 0 || (last !== undefined && this.#place(last).bottom <= this.#box.clientHeight + 4);
  }

  /** The index of the first row in view. */
  get first() {
    return this.#anchor.index;
  }

  /** Show another list, or the same after its indexes changed; a row may stay where it is. */
  reset(index = 0, y = 0) {
    this.#elements.clear();
    this.#layer.replaceChildren();
    this.#seen = { rows: 0, height: 0 };
    this.#isPinned = false;
    this.#anchor = { index, y };
    this.#height = 0;
    this.draw();
  }

  /** Where a row is in the view, if it is in the page. */
  placeOf(index) {
    const element = this.#elements.get(index);
    return element ? this.#place(element).top : null;
  }

  isSeen(index) {
    const y = this.placeOf(index);
    return y !== null && y >= 0 && y < this.#box.clientHeight;
  }

  /** Bring a row into view, a share of the view below its top. */
  toIndex(index, share = 0) {
    this.#isPinned = false;
    this.#anchor = { index, y: Math.floor(this.#box.clientHeight * share) };
    this.draw();
    this.#rebase();
  }

  /** Bring the end into view; it stays there while rows get their heights. */
  toEnd() {
    this.#isPinned = true;
    this.#anchor = { index: this.#list.count - 1, y: 0 };
    this.draw();
    this.#rebase();
  }

  #scrolled() {
    const delta = this.#box.scrollTop - this.#top;
    if (Math.abs(delta) < 1) {
      return;
    }
    this.#top += delta;
    this.#isPinned = false;
    if (Math.abs(delta) > JUMP * this.#box.clientHeight) {
      this.#jump();
    } else {
      this.#anchor.y -= delta;
      this.draw();
    }
    this.#on.moved(delta < 0 ? "up" : "down");
    window.clearTimeout(this.#timer);
    this.#timer = window.setTimeout(() => this.#rebase(), SETTLING);
  }

  /** The bar was moved far: what it points to comes into view. */
  #jump() {
    if (this.#top + this.#box.clientHeight >= this.#height - 1) {
      this.#isPinned = true;
      this.#anchor = { index: this.#list.count - 1, y: 0 };
    } else {
      const at = (this.#top / this.#height) * this.#list.count;
      this.#anchor = { index: Math.floor(at), y: -Math.floor((at % 1) * this.#row) };
    }
    this.draw();
  }

  /** Put the rows into the page that are in view, and around it. */
  draw() {
    const { count } = this.#list;
    if (count === 0 || this.#box.clientHeight === 0) {
      this.#elements.clear();
      this.#layer.replaceChildren();
      this.#room.style.height = "0";
      this.#height = 0;
      this.#top = this.#box.scrollTop; // Not the reader has scrolled.
      this.#on.drawn(0, -1);
      return;
    }
    this.#anchor.index = Math.max(0, Math.min(this.#anchor.index, count - 1));
    if (this.#isPinned) {
      this.#anchor.index = count - 1;
    }
    let [first, last] = this.#stretch();
    let firstTop;
    for (;;) {
      this.#put(first, last);
      firstTop = this.#firstTop(first, last);
      const bottom = firstTop + this.#layer.offsetHeight;
      const isFull = last - first >= MOST_ROWS;
      const isShortBelow = last < count - 1 && bottom < this.#box.clientHeight && !isFull;
      const isShortAbove = first > 0 && firstTop > 0 && !isFull;
      if (!isShortBelow && !isShortAbove) {
        break;
      }
      last = isShortBelow ? Math.min(count - 1, last + 20) : last;
      first = isShortAbove ? Math.max(0, first - 20) : first;
    }
    this.#settle(first, last, firstTop);
    this.#on.drawn(first, last);
  }

  /** Guess which rows are to be in the page. */
  #stretch() {
    const { count } = this.#list;
    const { index, y } = this.#anchor;
    let [first, last] = [index, index];
    const above = (this.#isPinned ? this.#box.clientHeight : y) + MARGIN;
    for (let height = 0; first > 0 && height < above; first -= 1) {
      height += this.#list.guess(first - 1) * this.#row;
    }
    const below = this.#box.clientHeight - y + MARGIN;
    for (let height = 0; last < count - 1 && height < below; last += 1) {
      height += this.#list.guess(last) * this.#row;
    }
    return [first, last];
  }

  #put(first, last) {
    for (const [index, element] of this.#elements) {
      if (index < first || index > last) {
        element.remove();
        this.#elements.delete(index);
      }
    }
    let next = this.#layer.firstElementChild;
    for (let index = first; index <= last; index += 1) {
      const key = this.#list.keyOf(index);
      let element = this.#elements.get(index);
      if (element?.ezKey !== key) {
        const fresh = this.#list.makeRow(index);
        fresh.ezKey = key;
        if (element) {
          next = next === element ? fresh : next;
          element.replaceWith(fresh);
        } else {
          this.#layer.insertBefore(fresh, next);
        }
        this.#elements.set(index, fresh);
        element = fresh;
      } else if (element !== next) {
        this.#layer.insertBefore(element, next);
      }
      next = element.nextElementSibling;
    }
  }

  /** Where the first row's top is in the view when the anchor is where it should be, and no end is left bare. */
  #firstTop(first, last) {
    const height = this.#layer.offsetHeight;
    const view = this.#box.clientHeight;
    let top = this.#isPinned ? view - height : this.#anchor.y - this.#elements.get(this.#anchor.index).offsetTop;
    if (last === this.#list.count - 1 && top + height < view) {
      top = view - height;
    }
    if (first === 0 && top > 0) {
      top = 0;
    }
    return top;
  }

  #settle(first, last, firstTop) {
    const { count } = this.#list;
    const height = this.#layer.offsetHeight;
    const view = this.#box.clientHeight;
    this.#learn(last - first + 1, height);
    for (let index = first; index <= last; index += 1) {
      const element = this.#elements.get(index);
      const top = firstTop + element.offsetTop;
      if (top + element.offsetHeight > 0 || index === last) {
        this.#anchor = { index, y: top };
        break;
      }
    }
    const top = this.#top + firstTop;
    const isNearStart = first === 0 && firstTop > -view && Math.abs(top) > 0.5;
    const isNearEnd = last === count - 1 && firstTop + height < 2 * view && Math.abs(top + height - this.#height) > 0.5;
    this.#layerTop = top;
    if (isNearStart || isNearEnd || top < 0 || top + height > this.#height + 0.5) {
      this.#rebase();
    } else {
      this.#layer.style.transform = `translateY(${top}px)`;
    }
  }

  #learn(rows, height) {
    if (rows * 8 > this.#seen.rows) {
      this.#seen = { rows, height };
    }
    if (rows > 20) {
      this.#row = Math.max(12, Math.min(this.#row, height / rows));
    }
  }

  /** Put the bar where the anchor is in the list, without moving what is seen. */
  #rebase() {
    const { count } = this.#list;
    if (!this.#elements.size) {
      return;
    }
    const view = this.#box.clientHeight;
    const height = this.#layer.offsetHeight;
    const firstTop = this.#layerTop - this.#top;
    const [isStart, isEnd] = [this.#elements.has(0), this.#elements.has(count - 1)];
    const mean = this.#seen.height / this.#seen.rows;
    let whole = Math.min(TALLEST, Math.max(count * mean, height + view));
    if (isStart && isEnd) {
      whole = height;
    }
    const { index, y } = this.#anchor;
    const anchorHeight = this.#elements.get(index)?.offsetHeight || this.#row;
    let top = ((index - y / anchorHeight) / count) * whole;
    top = Math.max(-firstTop, Math.min(top, whole - height - firstTop));
    top = isStart ? -firstTop : isEnd ? whole - height - firstTop : top;
    top = Math.round(Math.max(0, top));
    this.#height = whole;
    this.#room.style.height = `${whole}px`;
    this.#layerTop = top + firstTop;
    this.#layer.style.transform = `translateY(${this.#layerTop}px)`;
    if (Math.abs(this.#box.scrollTop - top) >= 1) {
      this.#box.scrollTop = top;
    }
    this.#top = this.#box.scrollTop;
  }

  #place(element) {
    const top = this.#layerTop - this.#top + element.offsetTop;
    return { top, bottom: top + element.offsetHeight };
  }
}
