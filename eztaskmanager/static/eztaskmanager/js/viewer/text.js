// The text of a line as nodes: colours, links and marked matches. Nothing of it is ever read as HTML.

import { dress, lastStates, parseAnsi } from "./ansi.js";

const LINKS = /\bhttps?:\/\/[^\s<>"'`\\^{}|]+/g;
const CLOSING = { ")": "(", "]": "[" };

/** Compile what is searched for, to mark it. Returns null for nothing, and for what only the server understands. */
export function compileNeedles({ text, isRegex, isCaseSensitive }) {
  const needles = text.split("|").filter((needle) => needle.trim() !== "");
  if (!needles.length) {
    return null;
  }
  const escaped = needles.map((needle) => needle.replace(/[.*+?^${}()|[\]\\]/g, "\\$&"));
  try {
    return new RegExp(isRegex ? text : escaped.join("|"), isCaseSensitive ? "gu" : "giu");
  } catch {
    return null;
  }
}

/** Put a text into an element. Returns whether something in it matches. */
export function fillText(element, text, needles) {
  const { plain, styles } = parseAnsi(lastStates(text));
  const links = findLinks(plain);
  const marks = needles ? findMarks(plain, needles) : [];
  if (!styles.length && !links.length && !marks.length) {
    element.append(plain);
    return false;
  }
  const cuts = new Set([0, plain.length]);
  for (const { at } of styles) {
    cuts.add(at);
  }
  for (const { start, end } of [...links, ...marks]) {
    cuts.add(start).add(end);
  }
  const edges = [...cuts].sort((a, b) => a - b);
  let [styleIndex, linkIndex, markIndex] = [-1, 0, 0];
  let link = null;
  for (let i = 0; i + 1 < edges.length; i += 1) {
    const start = edges[i];
    while (styleIndex + 1 < styles.length && styles[styleIndex + 1].at <= start) {
      styleIndex += 1;
    }
    while (linkIndex < links.length && links[linkIndex].end <= start) {
      linkIndex += 1;
      link = null;
    }
    while (markIndex < marks.length && marks[markIndex].end <= start) {
      markIndex += 1;
    }
    if (links[linkIndex]?.start === start) {
      link = linkTo(plain.slice(start, links[linkIndex].end));
      element.append(link);
    }
    const isMarked = marks[markIndex]?.start <= start;
    const style = styleIndex >= 0 ? styles[styleIndex].style : null;
    (link ?? element).append(piece(plain.slice(start, edges[i + 1]), style, isMarked));
  }
  return marks.length > 0;
}

function piece(text, style, isMarked) {
  if (!style && !isMarked) {
    return text;
  }
  const node = document.createElement(isMarked ? "mark" : "span");
  if (style) {
    dress(node, style);
  }
  node.textContent = text;
  return node;
}

function linkTo(address) {
  const link = document.createElement("a");
  link.href = address;
  link.target = "_blank";
  link.rel = "noopener noreferrer nofollow";
  return link;
}

function findLinks(text) {
  const found = [];
  for (const match of text.matchAll(LINKS)) {
    let address = match[0];
    let last = address.at(-1);
    // What ends a sentence, or closes a bracket opened before the link, is not of the link.
    while (/[.,;:!?]/.test(last) || (last in CLOSING && !address.includes(CLOSING[last]))) {
      address = address.slice(0, -1);
      last = address.at(-1);
    }
    if (URL.canParse(address)) {
      found.push({ start: match.index, end: match.index + address.length });
    }
  }
  return found;
}

function findMarks(text, needles) {
  const found = [];
  for (const match of text.matchAll(needles)) {
    if (match[0]) {
      found.push({ start: match.index, end: match.index + match[0].length });
    }
  }
  return found;
}
