// The header's menus, the theme switch and the palette.
import { suggestFor } from "./combobox.js";
import { closeByThemselves } from "./menus.js";
import { chooseTheme, chosenTheme } from "./scheme.js";

closeByThemselves(".site-nav details");

const THEMES = ["auto", "light", "dark"];
const LABELS = { auto: "Theme: as the system", light: "Theme: light", dark: "Theme: dark" };
const theme = document.getElementById("theme");
const nameTheme = () => {
  theme.title = LABELS[chosenTheme()];
  document.getElementById("theme-name").textContent = LABELS[chosenTheme()];
};
theme.hidden = false;
theme.addEventListener("click", () => {
  chooseTheme(THEMES[(THEMES.indexOf(chosenTheme()) + 1) % THEMES.length]);
  nameTheme();
});
nameTheme();

const palette = document.getElementById("palette");
const box = palette.querySelector("input");
const { ask } = suggestFor(box, document.getElementById("palette-found"), palette.dataset.suggestions, {
  submit: (text) => document.location.assign(`${palette.dataset.find}?${new URLSearchParams({ q: text })}`),
  status: palette.querySelector("[role=status]"),
  empty: true,
});
const opener = document.getElementById("palette-open");
const openPalette = () => {
  palette.showModal();
  box.select();
  void ask();
};
opener.hidden = false;
opener.addEventListener("click", openPalette);
palette.addEventListener("click", (event) => event.target === palette && palette.close());
document.addEventListener("keydown", (event) => {
  if (event.key.toLowerCase() !== "k" || !(event.ctrlKey || event.metaKey) || event.altKey || event.shiftKey) return;
  event.preventDefault();
  if (palette.open) palette.close();
  else openPalette();
});
document.documentElement.dataset.frame = "ready";
