// Whoever picks a colour wants one.

for (const box of document.querySelectorAll(".ez-color-input")) {
  const color = box.querySelector("input[type=color]");
  const none = box.querySelector("input[type=checkbox]");
  color.addEventListener("input", () => {
    none.checked = false;
  });
}
