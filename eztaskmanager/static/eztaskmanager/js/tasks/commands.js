// Finds a command among hundreds in the filter.

export function findCommands() {
  const box = document.querySelector("input.ez-find-command");
  const list = box?.parentElement.querySelector(".ez-commands");
  if (!box || !list) {
    return;
  }
  const items = [...list.children].slice(1);
  box.hidden = items.length < 8;
  const find = () => {
    const words = box.value.toLowerCase().split(/\s+/);
    for (const item of items) {
      const text = item.textContent.toLowerCase();
      item.hidden = !words.every((word) => text.includes(word)) && !item.classList.contains("selected");
    }
  };
  box.addEventListener("input", find);
  box.addEventListener("keydown", (event) => {
    if (event.key === "Enter") {
      event.preventDefault();
      items.find((item) => !item.hidden && !item.classList.contains("selected"))?.querySelector("a").click();
    }
  });
  const chosen = list.querySelector(".selected");
  if (chosen) {
    list.scrollTop = chosen.offsetTop - list.offsetTop - list.clientHeight / 2;
  }
}
