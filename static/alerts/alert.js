// An alert's page: its light curve, and the curtain over its stamps.

import { openCurtain } from "./curtain.js";
import { asked, say } from "../ui/ask.js";
import { fixed, withError } from "../ui/numbers.js";
import { span, turned } from "../ui/scales.js";
import { colour, embed, onThemeChange, setRange } from "../lightcurves/plots.js";

const place = document.getElementById("alert");
const find = (id) => document.getElementById(id);
const MARKERS = { zg: "circle", zr: "square", zi: "diamond" };
const LABELS = { mag: "magnitude of the difference", flux: "flux of the difference (µJy)" };
const JD_UNIX_EPOCH = 2440587.5;
const DAY = 86400000; // ms
const MARGIN = 0.06; // of the range
const state = { measure: "mag", limits: true, cursor: -1 };
let points = [];
let shown = [];
let plot;

async function start() {
  const answer = await asked(place.dataset.plot);
  points = answer.points;
  plot = await embed(answer, "alertcurve", (made) => { plot = made; draw(); });
  place.querySelectorAll("[data-tools]").forEach((part) => (part.dataset.tools = "ready"));
  find("measure").addEventListener("change", (event) => { state.measure = event.target.value; draw(); });
  find("limits").addEventListener("change", (event) => { state.limits = event.target.checked; draw(); });
  find("alertcurve").addEventListener("keydown", onKey);
  onThemeChange(draw);
  place.dataset.ready = "true";
}

function draw() {
  shown = points.filter((one) => state.limits || one.kind !== "limit").map(asMark).filter((one) => Number.isFinite(one.y));
  const names = ["x", "y", "low", "high", "marker", "colour", "fill", "alpha", "label", "date", "jd", "value", "fluxes", "candid", "pid"];
  plot.source("points").data = Object.fromEntries(names.map((name) => [name, shown.map((one) => one[name])]));
  const mine = shown.filter((one) => one.candid === place.dataset.candid);
  plot.source("this").data = { x: mine.map((one) => one.x), y: mine.map((one) => one.y) };
  plot.source("cursor").data = { x: [], y: [] };
  plot.source("zero").visible = state.measure === "flux";
  state.cursor = -1;
  setRange(plot.figure.x_range, span(shown.map((one) => one.x), { margin: MARGIN, least: DAY / 24 }));
  const ends = span(shown.flatMap((one) => [one.low, one.high, ...(state.measure === "flux" ? [0] : [])]), { margin: MARGIN, least: 0.05 });
  setRange(plot.figure.y_range, state.measure === "mag" ? turned(ends) : ends);
  plot.figure.left[0].axis_label = LABELS[state.measure];
}

// A detection is filled where brighter than the reference, open where fainter; a limit is an open triangle.
function asMark(one) {
  const limit = one.kind === "limit";
  const flux = state.measure === "flux";
  const y = limit ? (flux ? 5 * one.fluxerr : one.limit) : flux ? one.flux : one.mag;
  const err = limit ? 0 : (flux ? one.fluxerr : one.err) ?? 0;
  const ink = colour(one.band);
  return {
    ...one, x: (one.jd - JD_UNIX_EPOCH) * DAY, y, low: y - err, high: y + err, colour: ink, alpha: limit ? 0.7 : 0.95,
    marker: limit ? "inverted_triangle" : MARKERS[one.band], fill: limit || !one.positive ? "rgba(0,0,0,0)" : ink,
    label: [one.band[1], limit ? "upper limit" : one.positive ? "brighter than the reference" : "fainter than the reference",
      one.candid === place.dataset.candid ? "(this alert)" : ""].filter(Boolean).join(" "),
    value: limit ? `> ${fixed(one.limit, 2)}` : withError(one.mag, one.err, 3),
    fluxes: limit ? `< ${fixed(5 * one.fluxerr, 1)}` : withError(one.flux, one.fluxerr, 1),
    candid: one.candid ?? "", pid: one.pid ?? "",
  };
}

// Arrows go from point to point, Enter opens the point's alert.
function onKey(event) {
  if (event.ctrlKey || event.metaKey || event.altKey) return;
  const steps = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
  if (event.key === "Enter" && state.cursor >= 0) return open(shown[state.cursor]);
  if (!steps || !shown.length) return;
  event.preventDefault();
  state.cursor = state.cursor < 0 ? (steps > 0 ? 0 : shown.length - 1) : Math.min(shown.length - 1, Math.max(0, state.cursor + steps));
  const one = shown[state.cursor];
  plot.source("cursor").data = { x: [one.x], y: [one.y] };
  const fluxed = state.measure === "flux";
  find("said").textContent = `Point ${state.cursor + 1} of ${shown.length}: ${one.label}, ${one.date} UTC, ${fluxed ? `${one.fluxes} µJy` : `${one.value} mag`}`;
}

function open(one) {
  if (one.here) window.location.assign(place.dataset.alert.replace("/0/", `/${one.candid}/`));
  else find("said").textContent = one.kind === "limit" ? "A limit has no alert." : "The archive does not have this alert.";
}

openCurtain(find("curtain"));
start().catch((reason) => {
  say(find("said"), "The plot cannot be shown", reason, "The drawing and the table have its points.");
});
