// When lines were logged: by the clock, how long ago, or how long after the start of the run.

import { remember, remembered } from "./memory.js";

const REFRESH = 10_000;
const MODES = ["clock", "ago", "start"];
const UNITS = [
  ["day", 86_400],
  ["hour", 3_600],
  ["minute", 60],
  ["second", 1],
];

export class Times {
  #mode;
  #clock;
  #full;
  #ago;
  #start;
  #select = document.getElementById("ez-times");

  /** @param config Of the page: language, zone, run. */
  constructor(config) {
    this.#clock = formatter(config, { hour: "2-digit", minute: "2-digit", second: "2-digit", hourCycle: "h23" });
    this.#full = formatter(config, { dateStyle: "full", timeStyle: "long" });
    this.#ago = new Intl.RelativeTimeFormat(supported(config.language), { style: "short" });
    this.#start = config.run.started;
    this.#select.addEventListener("change", () => this.#choose(this.#select.value));
    this.#choose(remembered("times") ?? MODES[0]);
    window.setInterval(() => this.#mode === "ago" && this.#refresh(), REFRESH);
  }

  /** Take over when the run has started, in milliseconds; null while it has not. */
  set start(moment) {
    if (this.#start !== moment) {
      this.#start = moment;
      this.#refresh();
    }
  }

  /** Show times the next way, where they are shown. */
  next() {
    if (this.#select.offsetWidth) {
      this.#choose(MODES[(MODES.indexOf(this.#mode) + 1) % MODES.length]);
    }
  }

  /** Make the element that tells a moment, given in milliseconds. */
  element(at) {
    const time = document.createElement("time");
    time.className = "ez-time";
    const moment = new Date(at);
    time.dateTime = moment.toISOString();
    time.title = this.#full.format(moment);
    time.textContent = this.#tell(moment);
    return time;
  }

  #choose(mode) {
    this.#mode = MODES.includes(mode) ? mode : MODES[0];
    this.#select.value = this.#mode;
    remember("times", this.#mode);
    this.#refresh();
  }

  #refresh() {
    for (const time of document.querySelectorAll("#ez-lines .ez-time")) {
      const text = this.#tell(new Date(time.dateTime));
      if (time.textContent !== text) {
        time.textContent = text;
      }
    }
  }

  #tell(moment) {
    if (this.#mode === "ago") {
      const seconds = Math.max(0, (Date.now() - moment.getTime()) / 1000);
      const [unit, length] = UNITS.find((pair) => seconds >= pair[1]) ?? UNITS.at(-1);
      return this.#ago.format(-Math.floor(seconds / length), unit);
    }
    if (this.#mode === "start" && this.#start !== null) {
      return sinceStart(moment.getTime() - this.#start);
    }
    return `${this.#clock.format(moment)}.${padded(moment.getMilliseconds(), 3)}`;
  }
}

function sinceStart(milliseconds) {
  const whole = Math.abs(milliseconds);
  const [hours, minutes, seconds] = [whole / 3_600_000, (whole / 60_000) % 60, (whole / 1_000) % 60].map(Math.floor);
  return `${milliseconds < 0 ? "−" : "+"}${hours}:${padded(minutes, 2)}:${padded(seconds, 2)}.${padded(whole % 1_000, 3)}`;
}

function padded(number, width) {
  return String(number).padStart(width, "0");
}

function supported(language) {
  try {
    return Intl.RelativeTimeFormat.supportedLocalesOf([language])[0];
  } catch {
    return undefined; // Not a language that browsers know.
  }
}

function formatter(config, options) {
  try {
    return new Intl.DateTimeFormat(config.language, { ...options, timeZone: config.zone });
  } catch {
    return new Intl.DateTimeFormat(undefined, options); // A browser without this zone or language shows its own.
  }
}
