// Bokeh's plots: embedded from the documents that the server sends, filled, and dressed in the page's colours.

import { onSchemeChange, token } from "../ui/scheme.js";

const TOKENS = { zg: "filter-zg", zr: "filter-zr", zi: "filter-zi", own: "link", near: "ink-quiet", pale: "line-strong" };

export const colour = (name) => token(TOKENS[name] ?? TOKENS.own);
export const onThemeChange = onSchemeChange;

// One plot in the element of its name, filled by `fill`; `source` finds its parts. What stood there before, a drawing
// without script, goes when the plot is there and filled; where that fails it stays, and the reason is thrown.
/**
 * @param {any} documents
 * @param {string} name
 * @param {(plot: any) => any} [fill]
 */
export async function embed(documents, name, fill = () => {}) {
  if (!window.Bokeh) throw new Error("the library that draws plots did not load");
  const element = document.getElementById(name);
  const before = [...element.childNodes];
  const place = document.createElement("div");
  element.append(place);
  try {
    const plot = await made(documents[name], name, place);
    await fill(plot);
    before.forEach((one) => one.remove());
    onSchemeChange(() => wear(plot.figure));
    return plot;
  } catch (error) {
    place.remove();
    throw error;
  }
}

async function made(item, name, place) {
  const views = await window.Bokeh.embed.embed_item(item, place);
  const bokeh = window.Bokeh.documents.at(-1);
  const plot = { name, bokeh, figure: bokeh.get_model_by_name(name), source: (of) => bokeh.get_model_by_name(of), views };
  wear(plot.figure);
  return plot;
}

/** Both ends and what the reset tool goes back to. @param {any} range @param {number[]} ends */
export function setRange(range, [start, end]) {
  range.setv({ start, end, reset_start: start, reset_end: end });
}

// Plots take the colours of the page, light or dark.
function wear(figure) {
  const [ink, paper, lines] = [token("ink"), token("surface"), token("line")];
  figure.setv({ background_fill_color: paper, border_fill_color: paper, outline_line_color: lines });
  for (const part of [...figure.left, ...figure.below]) {
    part.setv({ axis_label_text_color: ink, major_label_text_color: ink, axis_line_color: ink, major_tick_line_color: ink, minor_tick_line_color: lines });
  }
  for (const part of figure.center) {
    if ("grid_line_color" in part) part.grid_line_color = lines;
  }
}
