// Draws the runs of the days from the table below the picture, in the colours of the page's theme.

const drawn = new Set();

export function drawDays(canvas, table) {
  for (const chart of drawn) {
    // A part that was replaced took its canvas along.
    if (!chart.canvas?.isConnected) {
      chart.destroy();
      drawn.delete(chart);
    }
  }
  if (!window.Chart || !table) {
    return;
  }
  const groups = [...table.tHead.querySelectorAll("[data-group]")];
  const days = [...table.tBodies[0].rows];
  const chart = new window.Chart(canvas, {
    type: "bar",
    data: {
      labels: days.map((day) => day.cells[0].dataset.short),
      datasets: groups.map((group, n) => ({
        label: group.textContent,
        group: group.dataset.group,
        data: days.map((day) => Number(day.cells[n + 1].dataset.n)),
        maxBarThickness: 44,
      })),
    },
    options: {
      animation: false,
      maintainAspectRatio: false,
      interaction: { mode: "index", intersect: false },
      plugins: { legend: { display: false } },
      scales: {
        x: { stacked: true, grid: { display: false } },
        y: { stacked: true, beginAtZero: true, ticks: { precision: 0, maxTicksLimit: 6 } },
      },
    },
  });
  drawn.add(chart);
  paint(chart);
}

function paint(chart) {
  const style = window.getComputedStyle(chart.canvas);
  const token = (name, instead) => style.getPropertyValue(name).trim() || instead;
  const text = token("--body-quiet-color", style.color);
  const line = token("--hairline-color", "rgba(128, 128, 128, 0.3)");
  for (const dataset of chart.data.datasets) {
    dataset.backgroundColor = token(`--ez-chart-${dataset.group}`, "gray");
  }
  chart.options.scales.x.ticks.color = text;
  chart.options.scales.y.ticks.color = text;
  chart.options.scales.y.grid = { color: line };
  chart.update();
}

function repaint() {
  for (const chart of drawn) {
    paint(chart);
  }
}

window.matchMedia("(prefers-color-scheme: dark)").addEventListener("change", repaint);
new MutationObserver(repaint).observe(document.documentElement, { attributeFilter: ["data-theme", "class"] });
