// A small line plot as SVG, in the page's colours, with its numbers in words for those who do not see it.

import { ticks } from "../ui/scales.js";

const NS = "http://www.w3.org/2000/svg";
const [WIDTH, HEIGHT, LEFT, BOTTOM, TOP, RIGHT] = [340, 180, 58, 34, 10, 10];

const element = (name, attributes, text = "") => {
  const made = document.createElementNS(NS, name);
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
  made.textContent = text;
  return made;
};

export function plot(points, { x: xLabel, y: yLabel, title }) {
  const known = points.filter(([, y]) => Number.isFinite(y));
  const [x1, x2] = [points[0][0], points.at(-1)[0]];
  let [y1, y2] = [Math.min(...known.map((one) => one[1])), Math.max(...known.map((one) => one[1]))];
  if (!(y2 > y1)) [y1, y2] = [y1 - 1, y2 + 1];
  const px = (x) => LEFT + ((x - x1) / (x2 - x1 || 1)) * (WIDTH - LEFT - RIGHT);
  const py = (y) => HEIGHT - BOTTOM - ((y - y1) / (y2 - y1)) * (HEIGHT - BOTTOM - TOP);
  const svg = element("svg", { viewBox: `0 0 ${WIDTH} ${HEIGHT}`, role: "img", class: "wb-plot" });
  svg.setAttribute("aria-label", `${title}: ${known.length} points, ${yLabel} from ${y1.toPrecision(4)} to ${y2.toPrecision(4)}`);
  for (const one of ticks(y1, y2)) {
    svg.append(element("line", { x1: LEFT, x2: WIDTH - RIGHT, y1: py(one), y2: py(one), class: "grid" }));
    svg.append(element("text", { x: LEFT - 6, y: py(one) + 4, "text-anchor": "end" }, short(one)));
  }
  for (const one of ticks(x1, x2)) svg.append(element("text", { x: px(one), y: HEIGHT - BOTTOM + 14, "text-anchor": "middle" }, short(one)));
  svg.append(element("polyline", { points: known.map(([x, y]) => `${px(x).toFixed(1)},${py(y).toFixed(1)}`).join(" "), class: "line" }));
  svg.append(element("text", { x: (LEFT + WIDTH) / 2, y: HEIGHT - 4, "text-anchor": "middle" }, xLabel));
  svg.append(element("text", { x: 12, y: HEIGHT / 2 - 10, "text-anchor": "middle", transform: `rotate(-90 12 ${HEIGHT / 2 - 10})` }, yLabel));
  return svg;
}

const short = (value) => (Math.abs(value) >= 1e5 ? value.toExponential(1) : String(value));
