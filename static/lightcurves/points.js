// Points of light curves: which are shown, in which units, folded, binned. No document, no Bokeh.

export const ANY_FLAG = 0xffff;
const MJD_ZERO = 2400000.5;
const UNIX_EPOCH = 40587; // MJD
const DAY = 86400000; // ms
const MICROJANSKY = 23.9; // AB magnitude of 1 µJy
const PER_MAGNITUDE = 0.4 * Math.LN10;

// One object a point. `key` names it in lists of excluded points: the image for detections, or the server's own key.
// `start` is when the exposure began; where a file told only the heliocentric time of its middle, plots use that for `mjd`.
export function fromColumns(columns, kind) {
  const { mjd } = columns;
  return mjd.map((_, row) => {
    const at = (name) => (columns[name] ? columns[name][row] : null);
    const point = {
      kind, start: at("mjd"), mjd: at("mjd") ?? at("hjd") - MJD_ZERO, hjd: at("hjd") ?? at("mjd") + MJD_ZERO, mag: at("mag"), err: at("magerr"), band: at("filtercode"),
      flags: at("catflags") ?? 0, limit: at("limitmag"), pid: at("pid"), oid: at("oid"), candid: at("candid"), positive: at("positive"),
    };
    const key = at("key") ?? point.pid;
    point.key = { point: `${key}`, alert: `a${point.candid}`, own: `u${row}` }[kind] ?? `${kind[0]}${key}`;
    return point;
  }).filter((point) => point.mag !== null);
}

// Points that are neither excluded, nor of a filter that is off, nor with a flag that is not wanted.
export function visible(points, { bands, mask, excluded }) {
  return points.filter((one) => (one.kind === "own" || bands.has(one.band)) && (one.flags & mask) === 0 && !excluded.has(one.key));
}

// Light curves that have a zero of their own: an object's, or one's own in one filter.
export const seriesOf = (point) => (point.kind === "own" ? `own ${point.band}` : `${point.oid}`);

export function medians(points) {
  return new Map([...grouped(points, seriesOf)].map(([name, members]) => [name, median(members.map((one) => one.mag))]));
}

function grouped(items, nameOf) {
  const groups = new Map();
  for (const one of items) {
    if (!groups.has(nameOf(one))) groups.set(nameOf(one), []);
    groups.get(nameOf(one)).push(one);
  }
  return groups;
}

function median(values) {
  const sorted = [...values].sort((a, b) => a - b);
  const half = sorted.length >> 1;
  return sorted.length % 2 ? sorted[half] : (sorted[half - 1] + sorted[half]) / 2;
}

export const MEASURES = {
  mag: { label: "magnitude", faintUp: false },
  aligned: { label: "magnitude, curves of a filter aligned", faintUp: false },
  relative: { label: "magnitude − median", faintUp: false },
  absolute: { label: "absolute magnitude", faintUp: false },
  flux: { label: "flux (µJy)", faintUp: true },
};

// {y, low, high} in the chosen measure; null where the point has none: an alert's difference has no median.
export function measured(point, measure, { medians: middle, modulus, offsets }) {
  const difference = point.kind === "alert" || point.kind === "forced";
  if (measure === "flux") return fluxOf(point);
  const shift = { absolute: modulus, relative: middle.get(seriesOf(point)), aligned: offsets?.[point.oid] ?? 0 }[measure];
  if (measure === "relative" && (shift === undefined || difference)) return null;
  const y = point.mag - (shift ?? 0);
  const err = point.err ?? 0;
  return { y, low: y - err, high: y + err, err };
}

function fluxOf(point) {
  const sign = point.kind === "alert" && !point.positive ? -1 : 1;
  const y = sign * 10 ** ((MICROJANSKY - point.mag) / 2.5);
  const err = Math.abs(y) * PER_MAGNITUDE * (point.err ?? 0);
  return { y, low: y - err, high: y + err, err };
}

export const TIMES = {
  mjd: { label: "MJD", of: (point) => point.mjd },
  jd: { label: "JD", of: (point) => point.mjd + MJD_ZERO },
  date: { label: "UTC", of: (point) => (point.mjd - UNIX_EPOCH) * DAY },
  ago: { label: "days ago", of: (point, now) => now - point.mjd },
};

export const now = () => Date.now() / DAY + UNIX_EPOCH;

// UTC as text; none for a time that no calendar has.
export function dateOf(mjd) {
  const date = new Date((mjd - UNIX_EPOCH) * DAY);
  return Number.isNaN(date.getTime()) ? "no date" : date.toISOString().slice(0, 19).replace("T", " ");
}

// Phase in [0, 1).
export function phaseOf(point, period, epoch) {
  const cycles = (point.hjd - epoch) / period;
  return cycles - Math.floor(cycles);
}

// Weighted means: of each light curve in steps of `width` along `placeOf`. Limits and differences are not averaged.
export function binned(points, placeOf, width) {
  const measuredOnes = points.filter((one) => ["point", "own", "near"].includes(one.kind));
  const groups = grouped(measuredOnes, (one) => `${seriesOf(one)} ${Math.floor(placeOf(one) / width)}`);
  return [...groups.values()].map((members) => ({ ...averaged(members), placed: placeOf(members[0]) }));
}

function averaged(members) {
  const weights = members.map((one) => (one.err > 0 ? one.err ** -2 : 1));
  const total = weights.reduce((sum, weight) => sum + weight, 0);
  const mean = (name) => members.reduce((sum, one, k) => sum + weights[k] * one[name], 0) / total;
  const first = members[0];
  const err = members.every((one) => one.err > 0) ? total ** -0.5 : 0;
  return { ...first, key: `b${first.key}`, bin: members.length, start: members.every((one) => one.start !== null) ? mean("start") : null, mjd: mean("mjd"), hjd: mean("hjd"), mag: mean("mag"), err, pid: null };
}

// Points of the light curve that has most: a period search leaves out curves with too few.
export function mostInOneCurve(points) {
  return Math.max(0, ...[...grouped(points, seriesOf).values()].map((members) => members.length));
}

// Days from the first point to the last.
export function timeSpanned(points) {
  const times = points.map((one) => one.hjd);
  return times.length ? times.reduce((a, b) => Math.max(a, b)) - times.reduce((a, b) => Math.min(a, b)) : 0;
}
