// What the reader chose, remembered in the browser, and buttons that are on or off.

export function isPressed(button) {
  return button.getAttribute("aria-pressed") === "true";
}

export function press(button, isOn) {
  button.setAttribute("aria-pressed", String(isOn));
}

export function remembered(name) {
  try {
    return window.localStorage.getItem(`eztaskmanager.${name}`);
  } catch {
    return null; // Storage may be switched off.
  }
}

export function remember(name, value) {
  try {
    window.localStorage.setItem(`eztaskmanager.${name}`, value);
  } catch {
    // It is asked again next time.
  }
}
