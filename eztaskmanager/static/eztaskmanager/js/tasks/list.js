// The list of tasks: alive, with buttons that do not leave it.

import { keepAlive } from "./alive.js";
import { RowButtons } from "./buttons.js";
import { findCommands } from "./commands.js";
import { headGroups } from "./groups.js";
import { Pulse } from "./pulse.js";
import { walkStrips } from "./strips.js";

const form = document.getElementById("ez-row-form");
const said = document.getElementById("ez-said");
if (form && said) {
  keepAlive();
  walkStrips();
  if (form.dataset.grouped) {
    headGroups(form.dataset.grouped);
  }
  new RowButtons(form, said, new Pulse(form.dataset.states, document.getElementById("ez-pulse")));
}
findCommands();
