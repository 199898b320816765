// The periodogram: asked for, drawn with its peaks and the aliases of the period in use.

import { asked, isAbort, latest } from "../ui/ask.js";
import { mostInOneCurve, timeSpanned } from "./points.js";
import { setRange } from "./plots.js";

const SIDEREAL = 1.0027379; // cycles per day
const LABELS_APART = 0.015; // of the width; of two names nearer than this the first is shown
/** @type {[string, (f: number) => number][]} */
const ALIASES = [
  ["f", (f) => f],
  ["f − 1/d", (f) => Math.abs(f - 1)], ["f + 1/d", (f) => f + 1], ["f − 1/sidereal d", (f) => Math.abs(f - SIDEREAL)],
  ["f + 1/sidereal d", (f) => f + SIDEREAL], ["f − 2/d", (f) => Math.abs(f - 2)], ["f + 2/d", (f) => f + 2], ["f/2", (f) => f / 2], ["2f", (f) => 2 * f],
];
const anew = latest();

// The answer, or null where a newer question has overtaken it; raises an Error that says what is wrong.
export async function search(address, state, points, least) {
  const most = mostInOneCurve(points);
  if (most < least) throw new Error(`${most} points in one light curve: a period needs at least ${least}`);
  const days = timeSpanned(points);
  if (!state.fmin && state.fmax && days * state.fmax <= 1) {
    throw new Error(`the points span ${days.toPrecision(3)} days: too little for a cycle at up to ${state.fmax} per day`);
  }
  const own = points.filter((one) => one.kind === "own").map((one) => [one.hjd, one.mag, one.err, one.band]);
  const form = new URLSearchParams({
    method: state.method, fmin: state.fmin, fmax: state.fmax, mask: state.mask, together: "1", bands: [...state.bands].join(","),
    exclude: [...state.excluded].filter((key) => /^\d+$/.test(key)).join(","),
  });
  if (own.length) form.set("own", JSON.stringify(own));
  if (!points.some((one) => one.kind === "point")) form.set("alone", "1");
  try {
    return await asked(address, { method: "POST", body: form, signal: anew() });
  } catch (error) {
    if (isAbort(error)) return null; // a newer question has overtaken it
    throw error;
  }
}

export function drawPeriodogram(plot, found) {
  const column = (name) => found.peaks.map((peak) => peak[name]);
  // The combined search ranks periods by their folded scatter: they are marked where the spectrum has them.
  const power = found.method === "search" ? column("frequency").map((frequency) => powerAt(found, frequency)) : column("power");
  plot.source("spectrum").data = { frequency: found.frequencies, power: found.power };
  plot.source("peaks").data = { frequency: column("frequency"), power, period: column("period") };
  const top = Math.max(...found.power, ...power);
  const bottom = Math.min(0, ...found.power);
  setRange(plot.figure.x_range, [found.frequencies[0], found.frequencies.at(-1)]);
  setRange(plot.figure.y_range, [bottom, top + 0.08 * (top - bottom)]);
  plot.figure.left[0].axis_label = found.label.split(/[:;]/)[0];
}

// Where the sampling of a telescope on Earth repeats the peak of `period`, and its half and double.
export function drawAliases(plot, period) {
  const { start: low, end: high } = plot.figure.y_range;
  const near = Math.abs(plot.figure.x_range.end - plot.figure.x_range.start) * LABELS_APART;
  const inside = (period ? ALIASES : []).map(([name, of]) => ({ name, frequency: of(1 / period) }));
  inside.forEach((one, k) => {
    if (inside.slice(0, k).some((other) => other.name && Math.abs(other.frequency - one.frequency) < near)) one.name = "";
  });
  plot.source("aliases").data = {
    frequency: inside.map((one) => one.frequency), name: inside.map((one) => one.name), low: inside.map(() => low), high: inside.map(() => high),
  };
}

function powerAt(found, frequency) {
  let best = 0;
  found.frequencies.forEach((value, k) => {
    if (Math.abs(value - frequency) < Math.abs(found.frequencies[best] - frequency)) best = k;
  });
  return found.power[best];
}

// A click takes a marked peak within a fiftieth of the view; otherwise the highest value there.
export function nearestPeak(plot, x) {
  const { source, figure } = plot;
  const reach = (figure.x_range.end - figure.x_range.start) / 50;
  const marked = source("peaks").data.frequency.filter((value) => Math.abs(value - x) < reach);
  if (marked.length) return marked.reduce((a, b) => (Math.abs(a - x) < Math.abs(b - x) ? a : b));
  const { frequency, power } = source("spectrum").data;
  let best = -1;
  frequency.forEach((value, k) => {
    if (Math.abs(value - x) < reach && (best < 0 || power[k] > power[best])) best = k;
  });
  return best < 0 ? x : frequency[best];
}
