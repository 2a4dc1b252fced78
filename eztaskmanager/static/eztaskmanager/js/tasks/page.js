// The panel of a task's page: alive.

import { keepAlive } from "./alive.js";
import { Pulse } from "./pulse.js";
import { walkStrips } from "./strips.js";

const panel = document.querySelector("[data-ez-cell=panel]");
keepAlive();
walkStrips();
if (panel) {
  new Pulse(panel.dataset.states, document.getElementById("ez-pulse"));
}
