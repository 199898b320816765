// The header's menus, the switch of the theme and the palette.
import { suggestFor } from "./combobox.js";
import { closeByThemselves } from "./menus.js";
import "./switch.js";

closeByThemselves(".site-nav details");

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
