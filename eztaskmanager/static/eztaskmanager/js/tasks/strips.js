// In a strip, the Tab key stops once; the arrow keys go from run to run.

const STEPS = { ArrowLeft: -1, ArrowRight: 1 };

export function walkStrips() {
  document.addEventListener("keydown", (event) => {
    const bar = event.target.closest?.(".ez-strip a");
    if (!bar || event.altKey || event.ctrlKey || event.metaKey) {
      return;
    }
    const bars = [...bar.closest(".ez-strip").querySelectorAll("a")];
    const place = bars.indexOf(bar);
    const places = { Home: 0, End: bars.length - 1 };
    const next = event.key in STEPS ? bars[place + STEPS[event.key]] : bars[places[event.key]];
    if (next) {
      event.preventDefault();
      bar.setAttribute("tabindex", "-1");
      next.setAttribute("tabindex", "0");
      next.focus();
    }
  });
}
