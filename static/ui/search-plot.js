// @ts-check
// The plot of a search's rows by Bokeh, in the place of its drawing: a box in it becomes the limits of the search.
import { embed, onThemeChange } from "../lightcurves/plots.js";
import { asked, say } from "./ask.js";
import { fit, label, paint } from "../portal/query-plot.js";

/** @typedef {{name: string, label: string, unit: string}} Column */
/** @typedef {{page: string, ids: string[], x: Column, y: Column | null, xs?: number[], ys?: number[], edges?: number[], counts?: number[]}} Data */

const place = /** @type {HTMLElement} */ (document.getElementById("result"));
const said = /** @type {HTMLElement} */ (document.getElementById("plot-said"));
const limits = /** @type {HTMLFormElement | null} */ (document.querySelector("form.limits"));
const data = /** @type {Data} */ (JSON.parse(/** @type {HTMLElement} */ (document.getElementById("plot-data")).textContent ?? ""));
const DIGITS = 6;

try {
  await embed(await asked(place.dataset.document), "result", data.y ? scatter : histogram);
  place.classList.add("ready");
  if (limits) said.textContent = "Draw a box on the plot to fill in these limits.";
} catch (error) {
  say(said, "The plot to draw in cannot be shown", /** @type {Error} */ (error), "The drawing has the same.");
}

/** @param {any} plot */
function scatter(plot) {
  const { xs = [], ys = [], x, y } = data;
  plot.source("points").data = { x: xs, y: ys };
  fit(plot.figure.x_range, xs, x.name === "ra");
  fit(plot.figure.y_range, ys, y?.unit === "mag");
  dress(plot, /** @type {Column} */ (y));
  plot.source("points").selected.change.connect(() => tell(plot));
}

/** @param {any} plot */
function histogram(plot) {
  const { edges = [], counts = [] } = data;
  plot.source("bars").data = { left: edges.slice(0, -1), right: edges.slice(1), top: counts };
  fit(plot.figure.x_range, edges, false);
  fit(plot.figure.y_range, [0, ...counts], false);
  plot.figure.y_range.setv({ start: 0, reset_start: 0 });
  dress(plot, { name: "count", label: "Number of rows", unit: "" });
}

/** @param {any} plot @param {Column} y */
function dress(plot, y) {
  label(plot.figure.below, data.x);
  label(plot.figure.left, y);
  onThemeChange(() => paint(plot));
  paint(plot);
  plot.figure.on_event("selectiongeometry", (/** @type {any} */ event) => event.final && take(event.geometry));
}

/** The limits of a box as the form has them; on an axis of counts there are none. @param {any} box */
function take(box) {
  if (box.type !== "rect" || !limits) return;
  for (const axis of data.y ? ["x", "y"] : ["x"]) {
    const [low, high] = [box[`${axis}0`], box[`${axis}1`]].sort((a, b) => a - b);
    put(`${axis}min`, low, high - low, Math.floor);
    put(`${axis}max`, high, high - low, Math.ceil);
  }
  said.textContent = "Limits filled in: press Keep these rows, or change them first.";
}

/** Round outwards, to a part of the box that nobody sees. @param {string} name @param {number} value @param {number} span @param {(n: number) => number} round */
function put(name, value, span, round) {
  const step = 10 ** (Math.floor(Math.log10(span || 1)) - 2);
  const field = /** @type {HTMLInputElement | null} */ (limits?.elements.namedItem(name) ?? null);
  if (field) field.value = String(Number((round(value / step) * step).toPrecision(15)));
}

/** The one row that was clicked. @param {any} plot */
function tell(plot) {
  const chosen = plot.source("points").selected.indices;
  if (chosen.length !== 1 || !data.page) return;
  const [k] = chosen;
  const link = document.createElement("a");
  link.href = data.page.replace("/0/", `/${data.ids[k]}/`);
  link.textContent = data.ids[k];
  const values = [data.xs?.[k], data.ys?.[k]].map((value) => Number(value?.toPrecision(DIGITS)));
  said.replaceChildren("Row ", link, `: ${data.x.label} ${values[0]}, ${data.y?.label} ${values[1]}`);
}
