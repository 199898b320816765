// Bokeh's plots: embedded from the documents that the server sends, filled, and dressed in the page's colours.

const COLOURS = {
  light: { zg: "#15803d", zr: "#b91c1c", zi: "#92400e", own: "#1d4ed8", near: "#6b7280", pale: "#9ca3af" },
  dark: { zg: "#4ade80", zr: "#f87171", zi: "#fbbf24", own: "#93c5fd", near: "#9ca3af", pale: "#6b7280" },
};
const darkness = window.matchMedia("(prefers-color-scheme: dark)");

export const colour = (name) => COLOURS[darkness.matches ? "dark" : "light"][name] ?? COLOURS[darkness.matches ? "dark" : "light"].own;
export const onThemeChange = (callback) => darkness.addEventListener("change", callback);

// One plot in the element of its name; `source` and `model` find its parts.
export async function embed(documents, name, element = document.getElementById(name)) {
  element.replaceChildren();
  const views = await window.Bokeh.embed.embed_item(documents[name], element);
  const bokeh = window.Bokeh.documents.at(-1);
  const plot = { name, bokeh, figure: bokeh.get_model_by_name(name), source: (of) => bokeh.get_model_by_name(of), views };
  wear(plot.figure);
  darkness.addEventListener("change", () => wear(plot.figure));
  return plot;
}

// Both ends and what the reset tool goes back to.
export function setRange(range, [start, end]) {
  range.setv({ start, end, reset_start: start, reset_end: end });
}

// Plots take the colours of the page, light or dark.
function wear(figure) {
  const style = getComputedStyle(document.documentElement);
  const ink = style.getPropertyValue("--pico-color").trim();
  const paper = style.getPropertyValue("--pico-card-background-color").trim() || "white";
  const lines = style.getPropertyValue("--pico-muted-border-color").trim();
  figure.setv({ background_fill_color: paper, border_fill_color: paper, outline_line_color: lines });
  for (const part of [...figure.left, ...figure.below]) {
    part.setv({ axis_label_text_color: ink, major_label_text_color: ink, axis_line_color: ink, major_tick_line_color: ink, minor_tick_line_color: lines });
  }
  for (const part of figure.center) {
    if ("grid_line_color" in part) part.grid_line_color = lines;
  }
}
