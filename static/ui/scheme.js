// Light or dark: what is shown now, who wants to know when it changes, and the values of static/ui/tokens.css.

const system = window.matchMedia("(prefers-color-scheme: dark)");
const listeners = new Set();

export const isDark = () => (document.documentElement.dataset.theme ?? (system.matches ? "dark" : "light")) === "dark";

// Calls back whenever the page turns light or dark.
export const onSchemeChange = (callback) => void listeners.add(callback);

// "auto", "light" or "dark"
export const chosenTheme = () => document.documentElement.dataset.theme ?? "auto";

export function chooseTheme(theme) {
  if (theme === "auto") delete document.documentElement.dataset.theme;
  else document.documentElement.dataset.theme = theme;
  try { localStorage.setItem("theme", theme); } catch { /* chosen for this page only */ }
  tell();
}

// A colour of the tokens as a plot or a canvas takes it, rgb(…); `place`: as it is within this element.
export function token(name, place = document.body) {
  const probe = document.createElement("span");
  probe.style.color = `var(--${name})`;
  probe.hidden = true;
  place.append(probe);
  const value = getComputedStyle(probe).color;
  probe.remove();
  return value;
}

const tell = () => listeners.forEach((callback) => callback());
system.addEventListener("change", () => chosenTheme() === "auto" && tell());
