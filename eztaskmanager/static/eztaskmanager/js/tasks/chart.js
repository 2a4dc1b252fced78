// The durations of a task's last runs as bars, in the colours of their results.

import { tellDuration } from "./alive.js";

const COLORS = {
  ok: "--ez-ok",
  warnings: "--ez-warning",
  timeout: "--ez-warning",
  errors: "--ez-error",
  failed: "--ez-error",
  lost: "--ez-error",
};

// Steps of seconds that clocks are read in.
const STEPS = [1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 10800, 21600, 43200, 86400];

function stepOf(longest) {
  return STEPS.find((step) => longest / step <= 5) ?? undefined;
}

function read(name) {
  return getComputedStyle(document.documentElement).getPropertyValue(name).trim();
}

function options(data, ink, grid) {
  return {
    maintainAspectRatio: false,
    animation: false,
    interaction: { mode: "index", intersect: false },
    onClick: (event, _elements, chart) => {
      const [hit] = chart.getElementsAtEventForMode(event, "index", { intersect: false }, true);
      const address = hit && data.bars[hit.index].address;
      if (address) {
        window.location.assign(address);
      }
    },
    scales: {
      x: { ticks: { display: false }, grid: { display: false }, border: { color: grid } },
      y: {
        beginAtZero: true,
        ticks: { color: ink, stepSize: stepOf(Math.max(...data.bars.map((bar) => bar.seconds))), callback: (value) => (value ? tellDuration(value) : "0") },
        grid: { color: grid },
        border: { display: false },
      },
    },
    plugins: {
      legend: { display: false },
      tooltip: {
        displayColors: false,
        filter: (item) => item.datasetIndex === 0,
        callbacks: {
          title: ([item]) => (item ? data.bars[item.dataIndex].moment : ""),
          label: ({ dataIndex }) => {
            const bar = data.bars[dataIndex];
            return [`${bar.result} · ${bar.duration}`, bar.verdict].filter(Boolean);
          },
        },
      },
    },
  };
}

function draw(canvas, data) {
  const ink = read("--body-quiet-color");
  const strong = read("--body-fg");
  const grid = read("--hairline-color");
  const colors = data.bars.map((bar) => read(COLORS[bar.look] ?? "--ez-quiet"));
  return new window.Chart(canvas, {
    data: {
      labels: data.bars.map((bar) => bar.moment),
      datasets: [
        {
          type: "bar",
          label: data.duration_label,
          data: data.bars.map((bar) => bar.seconds),
          backgroundColor: colors,
          borderColor: strong,
          // What is unusual has an outline.
          borderWidth: data.bars.map((bar) => (bar.verdict ? 2 : 0)),
          borderRadius: 2,
          minBarLength: 3,
          maxBarThickness: 22,
        },
        {
          type: "line",
          label: data.median_label,
          data: data.bars.map(() => data.median),
          borderColor: ink,
          borderWidth: 1,
          borderDash: [5, 4],
          pointRadius: 0,
          pointHitRadius: 0,
        },
      ],
    },
    options: options(data, ink, grid),
  });
}

const canvas = document.getElementById("ez-chart");
if (canvas && window.Chart) {
  const data = JSON.parse(canvas.dataset.chart);
  let chart = draw(canvas, data);
  const again = () => {
    chart.destroy();
    chart = draw(canvas, data);
  };
  // The theme is the system's, or what the button of the admin says.
  window.matchMedia("(prefers-color-scheme: dark)").addEventListener("change", again);
  const themes = { attributes: true, attributeFilter: ["data-theme", "data-bs-theme", "class"] };
  new MutationObserver(again).observe(document.documentElement, themes);
}
