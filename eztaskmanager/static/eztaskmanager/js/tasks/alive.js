// Keeps texts true that hang on the clock: in how much time something is, how long ago it was, for how long it goes on.

const MINUTE = 60;
const HOUR = 3_600;
const DAY = 86_400;
const UNITS = [
  [365 * DAY, "year"],
  [30 * DAY, "month"],
  [7 * DAY, "week"],
  [DAY, "day"],
  [HOUR, "hour"],
  [MINUTE, "minute"],
  [0, "second"],
];
const language = document.documentElement.lang || undefined;
const DAYS = { fr: "j", it: "g" }[language?.slice(0, 2)] ?? "d";
const number = new Intl.NumberFormat(language);
const relative = new Intl.RelativeTimeFormat(language, { numeric: "always" });

export function tellRelative(seconds) {
  const size = Math.abs(seconds);
  const [length, unit] = UNITS.find(([least]) => size >= least);
  return relative.format(Math.trunc(seconds / (length || 1)), unit);
}

/** As the server writes it (`tell_duration`), in the two largest units. */
export function tellDuration(seconds) {
  const parts =
    seconds < MINUTE
      ? [[seconds < 10 ? Math.round(seconds * 10) / 10 : Math.floor(seconds), "s"]]
      : seconds < HOUR
        ? [[Math.floor(seconds / MINUTE), "min"], [Math.floor(seconds % MINUTE), "s"]]
        : seconds < DAY
          ? [[Math.floor(seconds / HOUR), "h"], [Math.floor((seconds % HOUR) / MINUTE), "min"]]
          : [[Math.floor(seconds / DAY), DAYS], [Math.floor((seconds % DAY) / HOUR), "h"]];
  return parts
    .filter(([value], place) => value || !place)
    .map(([value, unit]) => `${number.format(value)} ${unit}`)
    .join(" ");
}

export function refresh(root = document) {
  const now = Date.now();
  for (const element of root.querySelectorAll("time.ez-alive")) {
    const seconds = (Date.parse(element.dateTime) - now) / 1_000;
    const text = element.classList.contains("ez-ticking") ? tellDuration(Math.max(0, Math.floor(-seconds))) : tellRelative(seconds);
    if (element.textContent !== text) {
      element.textContent = text;
    }
  }
}

export function keepAlive() {
  refresh();
  window.setInterval(() => document.hidden || refresh(), 1_000);
  document.addEventListener("visibilitychange", () => document.hidden || refresh());
}
