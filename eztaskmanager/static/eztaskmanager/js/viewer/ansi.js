// Escape codes of terminals: colours and weights become classes, everything else is dropped.

const ESCAPES =
  // eslint-disable-next-line no-control-regex
  /\x1b\[([0-9;:]*)m|\x1b\[[0-?]*[ -/]*[@-~]|\x1b[\]PX^_][^\x07\x1b]*(?:\x07|\x1b\\)?|\x1b[ -/]*[0-~]|[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]/g;

const CUBE = [0, 95, 135, 175, 215, 255];

/** What `\r` leaves to see: the last state of each line. */
export function lastStates(text) {
  if (!text.includes("\r")) {
    return text;
  }
  return text
    .split("\n")
    .map((line) => {
      const states = line.split("\r").filter((state) => state.trim() !== "");
      return states.length ? states[states.length - 1] : "";
    })
    .join("\n");
}

/** Take the codes out. Returns the plain text, and from which index on it has which style. */
export function parseAnsi(text) {
  const styles = [];
  let plain = "";
  let last = 0;
  let style = null;
  for (const match of text.matchAll(ESCAPES)) {
    plain += text.slice(last, match.index);
    last = match.index + match[0].length;
    if (match[1] !== undefined) {
      style = applied(style, match[1]);
      styles.push({ at: plain.length, style });
    }
  }
  plain += text.slice(last);
  return { plain, styles };
}

function applied(before, codes) {
  const style = { ...(before ?? {}) };
  const numbers = codes.split(/[;:]/).map((code) => Number(code || 0));
  for (let i = 0; i < numbers.length; i += 1) {
    const code = numbers[i];
    if (code === 0) {
      for (const key of Object.keys(style)) {
        delete style[key];
      }
    } else if (code === 1 || code === 2 || code === 3 || code === 4 || code === 9) {
      style[{ 1: "bold", 2: "faint", 3: "italic", 4: "underline", 9: "strike" }[code]] = true;
    } else if (code === 7) {
      style.inverse = true;
    } else if (code === 22) {
      delete style.bold;
      delete style.faint;
    } else if (code === 23 || code === 24 || code === 27 || code === 29) {
      delete style[{ 23: "italic", 24: "underline", 27: "inverse", 29: "strike" }[code]];
    } else if (code === 38 || code === 48) {
      i += extended(style, code === 38 ? "fg" : "bg", numbers.slice(i + 1));
    } else if (code === 39 || code === 49) {
      delete style[code === 39 ? "fg" : "bg"];
    } else if ((code >= 30 && code <= 37) || (code >= 90 && code <= 97)) {
      style.fg = code >= 90 ? code - 82 : code - 30;
    } else if ((code >= 40 && code <= 47) || (code >= 100 && code <= 107)) {
      style.bg = code >= 100 ? code - 92 : code - 40;
    }
  }
  return Object.keys(style).length ? style : null;
}

/** Read a colour of 256 or of 16 million. Returns how many numbers it took. */
function extended(style, key, numbers) {
  const isByte = (value) => Number.isInteger(value) && value >= 0 && value <= 255;
  if (numbers[0] === 5) {
    if (isByte(numbers[1])) {
      style[key] = numbers[1] < 16 ? numbers[1] : palette(numbers[1]);
    }
    return 2;
  }
  if (numbers[0] === 2) {
    const colour = numbers.slice(1, 4);
    if (colour.length === 3 && colour.every(isByte)) {
      style[key] = `rgb(${colour.join(", ")})`;
    }
    return 4;
  }
  return 0;
}

function palette(index) {
  if (index >= 232) {
    const grey = 8 + (index - 232) * 10;
    return `rgb(${grey}, ${grey}, ${grey})`;
  }
  const at = index - 16;
  return `rgb(${CUBE[Math.floor(at / 36)]}, ${CUBE[Math.floor(at / 6) % 6]}, ${CUBE[at % 6]})`;
}

/** Give an element a style. Colours beyond the 16 named ones go in as properties, which a strict CSP allows. */
export function dress(element, style) {
  for (const key of ["bold", "faint", "italic", "underline", "strike", "inverse"]) {
    element.classList.toggle(`ez-${key}`, Boolean(style[key]));
  }
  for (const [key, property] of [
    ["fg", "color"],
    ["bg", "background-color"],
  ]) {
    if (typeof style[key] === "number") {
      element.classList.add(`ez-${key}-${style[key]}`);
    } else if (style[key]) {
      element.style.setProperty(property, style[key]);
    }
  }
}
