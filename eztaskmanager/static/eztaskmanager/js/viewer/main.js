// The live log viewer: which lines are in the list, where the view is, and what is asked for.

import { Controls } from "./controls.js";
import { Finder } from "./finder.js";
import { Groups } from "./groups.js";
import { Head } from "./head.js";
import { Listing } from "./listing.js";
import { Pointer } from "./pointer.js";
import { Poller } from "./poller.js";
import { Reader, Refused, Unanswerable } from "./reader.js";
import { Rows } from "./rows.js";
import { Scroller } from "./scroller.js";
import { tellNothing, tellStatus } from "./status.js";
import { Store } from "./store.js";
import { compileNeedles } from "./text.js";
import { Times } from "./times.js";

const TAIL = 300;
const MATCH_SHARE = 1 / 3;

class Viewer {
  #words;
  #config;
  #reader;
  #head;
  #controls;
  #pointer;
  #scroller;
  #poller;
  #store;
  #listing = new Listing();
  #groups = new Groups();
  #times;
  #rows;
  #marks = null;
  #listed = null;
  #matches = null;
  #current = 0;
  #seeks = null;
  #keeps = null;
  #keepsAt = 0;
  #objection = "";
  #unseen = 0;
  #isUp = true;
  #isDone;
  #isWaiting;

  constructor(config) {
    this.#config = config;
    this.#words = config.words;
    this.#isDone = config.run.is_over;
    this.#isWaiting = config.run.state === "queued";
    this.#reader = new Reader(config.lines);
    this.#head = new Head(config.run.label);
    this.#times = new Times(config);
    this.#listing.size = config.size;
    this.#store = new Store((where) => this.#ask(where), {
      read: () => this.#scroller.draw(),
      gap: (from, to) => this.#listing.skip(from, to),
    });
    const [box, lines] = [document.getElementById("ez-log"), document.getElementById("ez-lines")];
    const [listing, store, groups, times] = [this.#listing, this.#store, this.#groups, this.#times];
    this.#rows = new Rows({ listing, store, groups, times, words: this.#words });
    this.#scroller = new Scroller(box, lines, this.#rows, {
      moved: (direction) => this.#moved(direction),
      drawn: (first, last) => this.#drawn(first, last),
    });
    this.#controls = new Controls(box, {
      filter: (filter) => this.#refilter(filter),
      match: (step) => this.#toMatch(step),
      error: (direction) => this.#toError(direction),
      follow: (isOn) => isOn && this.#toEnd(),
      toStart: () => this.#toIndex(0, 0),
      toEnd: () => this.#toEnd(),
      times: () => this.#times.next(),
      redraw: () => this.#scroller.draw(),
      fold: (n) => this.#fold(n),
      unfold: (n, isOpen) => this.#rows.unfold(n, isOpen),
      showWhole: (n) => this.#showWhole(n),
      stopped: (run) => {
        this.#head.show(run);
        this.#poller.now();
      },
    });
    this.#pointer = new Pointer(box, this.#words, {
      point: (from) => this.#point(from),
      chosen: () => (this.#controls.follow = false),
      size: () => this.#listing.size,
    });
    this.#controls.follow = config.run.next_poll !== null && !this.#pointer.range;
    this.#poller = new Poller(() => this.#poll(), config.run.next_poll);
    this.#marks = new Finder((where) => this.#find(where), { stream: "group" }, () => this.#readMarks());
  }

  open() {
    this.#head.show(this.#config.run);
    this.#head.count(this.#config.counts, this.#listing.size);
    if (this.#pointer.range) {
      this.#point(this.#pointer.range.from);
    } else {
      this.#scroller.toEnd();
    }
    this.#settle();
    this.#marks.run(this.#listing.size);
  }

  // The list

  #drawn(first, last) {
    const numbers = [];
    for (let index = first; index <= last; index += 1) {
      numbers.push(this.#listing.numberAt(index));
    }
    this.#store.want(numbers, { isWhole: !this.#listing.isFiltered, isUp: this.#isUp });
    this.#pointer?.mark(this.#current);
  }

  #moved(direction) {
    this.#isUp = direction === "up";
    if (this.#isUp) {
      this.#controls.follow = false;
    } else if (this.#scroller.isAtBottom) {
      this.#unseen = 0;
      this.#controls.follow = !this.#isDone;
      this.#settle();
    }
  }

  // Where the view is

  #toIndex(index, share) {
    this.#controls.follow = false;
    this.#isUp = false;
    this.#scroller.toIndex(index, share);
  }

  #toEnd() {
    this.#unseen = 0;
    this.#isUp = true;
    this.#controls.follow = !this.#isDone;
    this.#scroller.toEnd();
    this.#settle();
  }

  #toLine(n) {
    if (this.#groups.reveal(n)) {
      this.#arrange();
    }
    this.#toIndex(this.#listing.indexOf(n), MATCH_SHARE);
  }

  #point(from) {
    const n = Math.max(1, Math.min(from, this.#listing.size));
    if (this.#listing.isFiltered && !this.#listing.has(n)) {
      this.#refilter(this.#controls.resetFilter());
    }
    this.#keeps = null;
    this.#seeks = null;
    this.#current = n;
    this.#toLine(n);
    this.#pointer.mark(n);
  }

  /** Go to the first, the next or the previous error, from the line gone to last, or the ends. */
  async #toError(direction) {
    const before = this.#current > 0 ? this.#current : this.#listing.size + 1;
    const where = { first: { offset: 0 }, next: { offset: this.#current }, previous: { before } }[direction];
    const answer = await this.#ask({ ...where, limit: 1, level: "error" });
    const row = answer?.new_log_lines[0];
    if (row) {
      this.#pointer.to(row.n);
      this.#point(row.n);
    } else {
      this.#current = 0;
    }
  }

  // What is searched for

  #refilter({ level, stream, text, isRegex, isCaseSensitive, isOnly }) {
    const isSearch = text.trim() !== "";
    const kinds = { ...(level === "all" ? {} : { level }), ...(stream === "all" ? {} : { stream }) };
    const search = { ...kinds, q: text, ...(isRegex ? { regex: 1 } : {}), ...(isCaseSensitive ? { case: 1 } : {}) };
    const top = this.#listing.count ? this.#listing.numberAt(this.#scroller.first) : 0;
    const isSeen = (n) => n && this.#listing.has(n) && this.#scroller.isSeen(this.#listing.indexOf(n));
    const pointed = [this.#pointer.range?.from, this.#current].find(isSeen);
    this.#matches?.drop();
    this.#listed?.drop();
    this.#objection = "";
    this.#rows.needles = isSearch ? compileNeedles({ text, isRegex, isCaseSensitive }) : null;
    this.#current = 0;
    this.#listed = null;
    if (isSearch && isOnly) {
      this.#listed = this.#finder(search);
    } else if (Object.keys(kinds).length) {
      this.#listed = this.#finder(kinds);
    }
    this.#matches = !isSearch ? null : isOnly ? this.#listed : this.#finder(search);
    // The view keeps the line pointed to, or else its first one, from where a search in place goes on.
    this.#keeps = this.#controls.follow ? Infinity : (pointed ?? top);
    this.#keepsAt = pointed ? MATCH_SHARE : 0;
    this.#seeks = isSearch && !isOnly ? top : null;
    const wasFiltered = this.#listing.isFiltered;
    this.#listing.show(this.#listed?.numbers ?? null);
    if (wasFiltered || this.#listed) {
      this.#scroller.reset();
      this.#keep();
    } else {
      this.#scroller.draw();
    }
    this.#listed?.run(this.#listing.size);
    if (this.#matches !== this.#listed) {
      this.#matches?.run(this.#listing.size);
    }
    this.#settle();
  }

  #finder(filter) {
    return new Finder((where) => this.#find(where), filter, (finder) => this.#found(finder));
  }

  #found(finder) {
    if (finder === this.#listed) {
      this.#keep();
    }
    if (finder === this.#matches && this.#seeks !== null) {
      const n = finder.numbers.find((number) => number >= this.#seeks) ?? (finder.isComplete ? finder.numbers[0] : null);
      if (n) {
        this.#seeks = null;
        this.#current = n;
        this.#toLine(n);
      }
    }
    this.#settle();
  }

  /** Bring the view where it was before the list changed. */
  #keep() {
    if (this.#keeps === Infinity) {
      this.#scroller.toEnd();
    } else if (this.#keeps !== null && (!this.#listed || this.#listed.scannedTo >= this.#keeps)) {
      this.#scroller.toIndex(this.#listing.indexOf(this.#keeps), this.#keepsAt);
      this.#keeps = null;
    }
    if (this.#listed?.isComplete) {
      this.#keeps = null;
    }
    this.#scroller.draw();
  }

  #toMatch(step) {
    const n = this.#matches?.beside(this.#current || this.#listing.numberAt(this.#scroller.first), step);
    if (n) {
      this.#seeks = null;
      this.#current = n;
      this.#toLine(n);
      this.#pointer.mark(n);
      this.#settle();
    }
  }

  // Groups

  async #readMarks() {
    const numbers = this.#marks.numbers.splice(0);
    for (let at = 0; at < numbers.length; at += TAIL) {
      const answer = await this.#ask({ lines: numbers.slice(at, at + TAIL).join(",") });
      if (answer && this.#groups.add(answer.new_log_lines)) {
        this.#arrange();
      }
    }
  }

  #fold(n) {
    this.#groups.toggle(n);
    this.#arrange(n);
  }

  #showWhole(n) {
    this.#controls.follow = false;
    this.#rows.showWhole(n);
    this.#arrange(n);
  }

  /** Leave out what is folded, without moving a line that is in view. */
  #arrange(line = null) {
    if (this.#listing.isFiltered || !this.#listing.count) {
      this.#listing.fold(this.#groups.hidden(this.#listing.size));
      this.#scroller.draw();
      return;
    }
    const n = line ?? this.#listing.numberAt(this.#scroller.first);
    const y = this.#scroller.placeOf(this.#listing.indexOf(n)) ?? 0;
    const isAtEnd = line === null && this.#scroller.isAtBottom;
    this.#listing.fold(this.#groups.hidden(this.#listing.size));
    this.#scroller.reset(this.#listing.indexOf(n), y);
    if (isAtEnd) {
      this.#scroller.toEnd();
    }
  }

  // News

  async #poll() {
    const isWatching = this.#controls.follow && !this.#listing.isFiltered;
    const before = this.#listing.size;
    const answer = await this.#ask(isWatching ? { offset: before, limit: TAIL } : { limit: 0 });
    if (!answer) {
      return;
    }
    const rows = answer.new_log_lines;
    if (isWatching && rows.length && rows.at(-1).n === answer.log_size && rows.length === answer.log_size - before) {
      this.#store.keep(rows);
      if (this.#marks.scannedTo === before) {
        this.#marks.take([], answer.log_size);
        if (this.#groups.add(rows)) {
          this.#listing.fold(this.#groups.hidden(answer.log_size));
        }
      }
    }
    await this.#grow(answer.log_size);
    if (answer.next_poll === null) {
      this.#poller.end();
      this.#controls.follow = false;
    }
  }

  async #grow(size) {
    if (size > this.#listing.size) {
      const before = this.#listing.count;
      this.#listing.size = size;
      this.#marks.run(size);
      await Promise.all([this.#listed?.run(size), this.#matches?.run(size)]);
      const { follow } = this.#controls;
      this.#unseen += follow ? 0 : this.#listing.count - before;
      if (follow) {
        this.#scroller.toEnd();
      } else {
        this.#scroller.draw();
      }
    }
    this.#settle();
  }

  /** Bring what stands around the lines up to date with them. */
  #settle() {
    const isSearching = (this.#listed && !this.#listed.isComplete) || (this.#matches && !this.#matches.isComplete);
    const how = { isSearching, isDone: this.#isDone, isWaiting: this.#isWaiting, matches: this.#matches };
    const nothing = tellNothing(this.#words, { ...how, isFiltered: this.#listing.isFiltered });
    this.#controls.show({ unseen: this.#unseen, nothing: this.#listing.count ? "" : nothing });
    this.#controls.showMatches(this.#matches, this.#current);
    const said = this.#objection || tellStatus(this.#words, how);
    this.#controls.say(said, { isError: Boolean(this.#objection) });
  }

  // Asking

  /** Ask for lines and how the run stands. Returns null when there is no answer. */
  async #ask(where) {
    const answer = await this.#find(where, this.#config.lines);
    if (answer) {
      this.#poller.answered(answer.next_poll);
      this.#head.count(answer.counts, answer.log_size);
      this.#head.show(answer);
      this.#times.start = answer.started;
      this.#isDone = answer.is_over;
      this.#isWaiting = answer.state === "queued";
    }
    return answer;
  }

  async #find(where, address = this.#config.find) {
    try {
      return await this.#reader.ask(where, address);
    } catch (error) {
      this.#failed(error);
      return null;
    }
  }

  #failed(error) {
    if (error instanceof Refused) {
      this.#isDone = true;
      this.#poller.end();
      this.#controls.say(this.#words.refused, { isError: true });
    } else if (error instanceof Unanswerable) {
      // Until something else is searched for.
      this.#objection = error.message;
      this.#matches?.drop();
      this.#matches = null;
      this.#settle();
    } else {
      const seconds = String(Math.round(this.#poller.failed() / 1000));
      const said = this.#words.failed.replace("{why}", error.message).replace("{n}", seconds);
      this.#controls.say(said, { isError: true });
    }
  }
}

new Viewer(JSON.parse(document.getElementById("ez-viewer").dataset.config)).open();
