// What is said below the lines, and in their place.

/** Say in a few words what is going on. */
export function tellStatus(words, { isSearching, isDone, isWaiting, matches }) {
  const state = isSearching ? words.loading : isDone ? words.over : isWaiting ? words.waiting : words.live;
  return matches ? `${state} · ${tellMatches(words, matches)}` : state;
}

/** Say why there is no line to show. */
export function tellNothing(words, { isSearching, isDone, isFiltered }) {
  if (isFiltered) {
    return isSearching ? "" : words.no_match;
  }
  return isDone ? words.no_lines : words.no_lines_yet;
}

function tellMatches(words, { numbers, isComplete }) {
  const text = numbers.length === 1 && isComplete ? words.match : words.matches;
  return text.replace("{n}", `${numbers.length}${isComplete ? "" : "+"}`);
}
