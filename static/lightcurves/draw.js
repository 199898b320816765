// From points to what the two plots of a light curve draw.

import { fixed, withError } from "../ui/numbers.js";
import { span, turned } from "../ui/scales.js";
import { ANY_FLAG, MEASURES, TIMES, binned, dateOf, measured, medians, now, phaseOf, visible } from "./points.js";
import { colour, setRange } from "./plots.js";

const MARKERS = { point: "circle", own: "star", near: "x", limit: "inverted_triangle", alert: "diamond", forced: "square" };
const NAMES = { point: "", own: "own", near: "neighbour", limit: "limit", alert: "alert", forced: "forced" };
const SIZES = { point: 6, own: 9, near: 6, limit: 8, alert: 10, forced: 6 };
const PALE = 0.3;

// The light curve: points as asked for, bins over them where there are any.
export function drawLightCurve(plot, points, state, reference) {
  const shown = shownPoints(points, state);
  const axis = TIMES[state.time];
  const today = now();
  const bins = state.bin > 0 ? binned(shown, (one) => one.mjd, state.bin) : [];
  const rows = marks(shown, bins, state, reference, (one) => [axis.of(one, today)]);
  plot.source("points").selected.indices = [];
  plot.source("points").data = asColumns(rows);
  plot.source("cursor").data = { x: [], y: [] };
  const ends = span(rows.map((row) => row.x));
  setRange(plot.figure.x_range, state.time === "ago" ? turned(ends) : ends);
  finish(plot, rows, state);
  const [plain, calendar] = plot.figure.below;
  plain.visible = state.time !== "date";
  calendar.visible = !plain.visible;
  plain.axis_label = axis.label;
  return rows;
}

// The folded curve over one or two cycles.
export function drawFolded(plot, points, state, reference) {
  const shown = shownPoints(points, state).filter((one) => one.kind !== "near");
  const phase = (one) => phaseOf(one, state.period, state.usedEpoch);
  const bins = state.phaseBins > 0 ? binned(shown, phase, 1 / state.phaseBins) : [];
  bins.forEach((one) => (one.phase = (Math.floor(one.placed * state.phaseBins) + 0.5) / state.phaseBins));
  const rows = marks(shown, bins, state, reference, (one) => {
    const place = one.phase ?? phase(one);
    return state.cycles === 2 ? [place, place + 1] : [place];
  });
  plot.source("points").data = asColumns(rows);
  setRange(plot.figure.x_range, [-0.02, state.cycles + 0.02]);
  finish(plot, rows, state);
  return rows;
}

export const shownPoints = (points, state) => visible(points, state);

function finish(plot, rows, state) {
  const { label, faintUp } = MEASURES[state.measure];
  const firm = rows.filter((row) => row.firm);
  const most = firm.length ? firm : rows;
  const ends = span(most.flatMap((row) => (state.errors ? [row.low, row.high] : [row.y])));
  setRange(plot.figure.y_range, faintUp ? ends : turned(ends));
  plot.figure.left[0].axis_label = label;
  plot.bokeh.get_model_by_name("bars").visible = state.errors;
}

// One entry per mark. `firm` ones decide the range: not what has flags.
function marks(shown, bins, state, reference, placesOf) {
  const context = { medians: medians(shown.filter((one) => one.kind !== "limit" && one.kind !== "alert")), modulus: state.modulus, offsets: state.offsets };
  const pale = bins.length > 0;
  return [...shown, ...bins].flatMap((one) => {
    const value = measured(one, state.measure, context);
    if (value === null || !Number.isFinite(value.y)) return [];
    const look = dress(one, pale);
    return placesOf(one).map((x) => ({ x, ...value, ...look, ...told(one, reference), point: one }));
  });
}

function dress(one, pale) {
  const flagged = (one.flags & ANY_FLAG) !== 0 && !one.bin;
  const ink = colour(flagged ? "pale" : one.kind === "near" || (one.kind === "own" && !one.band.startsWith("z")) ? one.kind : one.band);
  const open = one.kind === "limit" || (one.kind === "alert" && !one.positive) || one.kind === "near" || one.kind === "forced";
  return {
    marker: one.bin ? "square" : MARKERS[one.kind], colour: ink, fill: open ? "rgba(0,0,0,0)" : ink, size: one.bin ? 9 : SIZES[one.kind],
    alpha: pale && !one.bin ? PALE : 0.85, firm: !flagged,
  };
}

function told(one, reference) {
  const known = reference[one.oid];
  return {
    key: one.key, mjd: one.mjd, date: dateOf(one.mjd), pid: one.pid === null ? "" : `${one.pid}`,
    label: [one.band, NAMES[one.kind], one.bin ? `mean of ${one.bin}` : "", one.start === null ? "at heliocentric time" : ""].filter(Boolean).join(" "),
    value: one.kind === "limit" ? `> ${fixed(one.mag, 2)}` : withError(one.mag, one.err > 0 ? one.err : null, 3),
    reference: fixed(known, 3, "none"), flags: `${one.flags}`,
  };
}

const COLUMNS = ["x", "y", "low", "high", "marker", "colour", "fill", "size", "alpha", "key", "label", "mjd", "date", "value", "reference", "flags", "pid"];

function asColumns(rows) {
  return Object.fromEntries(COLUMNS.map((name) => [name, rows.map((row) => row[name])]));
}
