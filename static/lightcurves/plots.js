// Bokeh's plots: embedded from the documents that the server sends, filled, and dressed in the page's colours.

const COLOURS = { light: { zg: "#15803d", zr: "#b91c1c", zi: "#92400e" }, dark: { zg: "#4ade80", zr: "#f87171", zi: "#fbbf24" } };
const PALE = "#9ca3af";
const darkness = window.matchMedia("(prefers-color-scheme: dark)");

export async function embed(address, names) {
  const documents = await (await fetch(address)).json();
  const plots = {};
  for (const name of names) {
    document.getElementById(name).replaceChildren();
    await window.Bokeh.embed.embed_item(documents[name], name);
    const model = window.Bokeh.documents.at(-1);
    plots[name] = { figure: model.get_model_by_name(name), source: (of) => model.get_model_by_name(of) };
  }
  const dress = () => Object.values(plots).forEach((plot) => wear(plot.figure));
  darkness.addEventListener("change", dress);
  dress();
  return plots;
}

export function colour(band, flagged) {
  return flagged ? PALE : COLOURS[darkness.matches ? "dark" : "light"][band];
}

export function onThemeChange(callback) {
  darkness.addEventListener("change", callback);
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
