// Puts a heading above the rows of each category. They are sorted by it already.

const SVG = "http://www.w3.org/2000/svg";

/** @param nameOfNone What the group of tasks without a category is called. */
export function headGroups(nameOfNone) {
  let last = null;
  for (const task of document.querySelectorAll("#result_list .ez-task")) {
    const { ezGroup: group, ezGroupName: name, ezGroupColor: color } = task.dataset;
    if (group !== last) {
      const row = task.closest("tr");
      row.before(makeHeading(name || nameOfNone, color, row.cells.length));
      last = group;
    }
  }
}

function makeHeading(name, color, width) {
  const mark = document.createElementNS(SVG, "svg");
  for (const [key, value] of Object.entries({ width: 12, height: 12, viewBox: "0 0 12 12", "aria-hidden": "true" })) {
    mark.setAttribute(key, value);
  }
  const dot = document.createElementNS(SVG, "rect");
  for (const [key, value] of Object.entries({ width: 12, height: 12, rx: 3, fill: color || "currentColor" })) {
    dot.setAttribute(key, value);
  }
  mark.append(dot);
  const heading = document.createElement("th");
  heading.colSpan = width;
  heading.scope = "rowgroup";
  heading.append(mark, name);
  const row = document.createElement("tr");
  row.className = "ez-group-row";
  row.append(heading);
  return row;
}
