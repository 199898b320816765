// The address of the page says what is shown: a link shows the same again. The server refuses what it cannot follow.

import { usual } from "./stretch.js";

const LATER = 250; // ms after the last change

export class Address {
  bench;
  timer = 0;

  constructor(bench) {
    Object.assign(this, { bench });
  }

  later() {
    clearTimeout(this.timer);
    this.timer = setTimeout(() => history.replaceState(null, "", this.written()), LATER);
  }

  written() {
    const { stage, styles, mask, catalogs, compare } = this.bench;
    const found = new URLSearchParams();
    const { plane } = stage.frame;
    const [style, plain] = [styles[plane], usual(plane)];
    found.set("plane", plane);
    if (style.stretch !== plain.stretch) found.set("stretch", style.stretch);
    if (style.limits === "typed") {
      found.set("low", style.low);
      found.set("high", style.high);
    } else if (style.limits === "percent" && (plain.limits !== "percent" || style.percent !== plain.percent)) found.set("percent", style.percent);
    if (style.map !== plain.map) found.set("map", style.map);
    if (style.invert) found.set("invert", "1");
    if (!this.bench.whole && stage.centre) {
      found.set("ra", stage.centre.ra.toFixed(6));
      found.set("dec", stage.centre.dec.toFixed(6));
      found.set("zoom", String(Number(stage.zoom.toPrecision(4))));
    }
    if (stage.north) found.set("north", "1");
    if (catalogs.shown.size) found.set("layers", [...catalogs.shown].join(","));
    if (mask.shown.size) found.set("mask", [...mask.shown].join(","));
    if (compare.mode !== "single") {
      found.set("mode", compare.mode);
      if (compare.pids?.length) found.set("epochs", compare.pids.join(","));
    }
    return `${location.pathname}?${String(found).replaceAll("%2C", ",")}`;
  }
}

// The style of a plane that a link asks for.
export function styleOf(state, plane) {
  const style = usual(plane);
  for (const name of ["stretch", "map"]) if (state[name]) style[name] = state[name];
  if (state.invert) style.invert = true;
  if (state.percent) Object.assign(style, { limits: "percent", percent: state.percent });
  if (state.low !== undefined) Object.assign(style, { limits: "typed", low: state.low, high: state.high });
  return style;
}
