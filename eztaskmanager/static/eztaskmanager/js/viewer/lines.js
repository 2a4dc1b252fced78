// One line of the log as an element.

import { groupTitle } from "./groups.js";
import { fillText } from "./text.js";

const LONGEST = 20_000;
const FOLDED_FROM = 5;

/** Make the maker of line elements.
 *
 * @param times Writes moments; @param words Of the page.
 */
export function lineMaker(times, words) {
  return function makeLine(row, how) {
    const line = document.createElement("div");
    line.className = `ez-line ez-level-${row.level.toLowerCase().replace(/[^a-z]/g, "")} ez-stream-${row.stream}`;
    line.id = `L${row.n}`;
    line.setAttribute("role", "listitem");
    line.dataset.n = row.n;

    const number = document.createElement("a");
    number.className = "ez-number";
    number.href = `#L${row.n}`;
    number.dataset.n = row.n;
    number.tabIndex = -1; // Thousands of stops would keep the Tab key from getting past the log.
    number.setAttribute("aria-label", words.line.replace("{n}", String(row.n)));

    const level = document.createElement("span");
    level.className = "ez-level";
    level.textContent = row.level;
    if (row.stream !== "log") {
      level.title = words[row.stream] ?? row.stream;
    }

    const message = document.createElement("span");
    message.className = "ez-message";
    if (row.stream === "group") {
      message.append(groupTitle(row.text, how.isOpen));
    } else {
      fillMessage(message, row.text, how, words);
    }

    line.append(number, times.element(row.at), level, message);
    return line;
  };
}

/** Stand in for a line that is being read. */
export function placeholder(n) {
  const line = document.createElement("div");
  line.className = "ez-line ez-placeholder";
  line.id = `L${n}`;
  line.dataset.n = n;
  line.setAttribute("role", "listitem");
  const number = document.createElement("span");
  number.className = "ez-number";
  number.dataset.n = n;
  const message = document.createElement("span");
  message.className = "ez-message";
  message.textContent = "…";
  line.append(number, message);
  return line;
}

function fillMessage(message, text, { needles, isUnfolded, isWhole }, words) {
  const isCut = text.length > LONGEST && !isWhole;
  const shown = isCut ? text.slice(0, LONGEST) : text;
  const lines = shown.trimEnd().split("\n");
  if (lines.length < FOLDED_FROM) {
    fillText(message, shown.trimEnd(), needles);
  } else {
    // Such as a traceback: what was logged, the fold, and the error at its end.
    fillText(message, lines[0], needles);
    message.append(fold(lines.slice(1, -1), { needles, isUnfolded }, words));
    fillText(message, lines.at(-1), needles);
  }
  if (isCut) {
    const rest = document.createElement("button");
    rest.type = "button";
    rest.className = "ez-rest";
    rest.textContent = words.cut.replace("{n}", String(text.length - LONGEST));
    message.append(" ", rest);
  }
}

function fold(lines, { needles, isUnfolded }, words) {
  const details = document.createElement("details");
  details.className = "ez-fold";
  const summary = document.createElement("summary");
  summary.textContent = words.unfold.replace("{n}", String(lines.length));
  const body = document.createElement("div");
  const hasMatch = fillText(body, lines.join("\n"), needles);
  details.open = hasMatch || isUnfolded;
  details.append(summary, body);
  return details;
}
