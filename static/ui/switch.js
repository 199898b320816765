// The switch of the theme: as the system, light, dark. It stands in the header of every page.
import { chooseTheme, chosenTheme } from "./scheme.js";

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
