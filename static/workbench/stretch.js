// From values to colours: the limits of an image, and how JS9 is told of them.

const SAMPLES = 200_000;
export const SCALES = { linear: "linear", log: "log", asinh: "asinh", sqrt: "sqrt", histogram: "histeq" };

// What a plane is shown with before anybody chooses.
export function usual(plane) {
  return {
    stretch: plane === "difference" || plane === "mask" ? "linear" : "asinh",
    limits: plane === "mask" ? "percent" : "zscale", percent: plane === "mask" ? 100 : 99.5,
    low: null, high: null, map: "grey", invert: false,
  };
}

// The limits that the middle `percent` of the values lie within.
export function percentiles(data, percent) {
  const step = Math.max(1, Math.floor(data.length / SAMPLES));
  const kept = [];
  for (let n = 0; n < data.length; n += step) if (Number.isFinite(data[n])) kept.push(data[n]);
  if (!kept.length) return [0, 1];
  const sorted = Float64Array.from(kept).sort();
  const at = (share) => sorted[Math.min(sorted.length - 1, Math.max(0, Math.round(share * (sorted.length - 1))))];
  const tail = (100 - percent) / 200;
  return [at(tail), at(1 - tail)];
}

function zscale(image) {
  if (image.params.z1 === undefined) image.zscale(false);
  return [image.params.z1, image.params.z2];
}

function middle(frame) {
  frame.median ??= percentiles(frame.data, 0)[0];
  return frame.median;
}

// The limits of another epoch: as wide as the first one's, from its own sky. What blinks then is what changed.
export function alike(frame, first, style) {
  const [low, high] = limitsOf(first, style);
  const sky = middle(frame) - middle(first);
  return style.limits === "typed" ? style : { ...style, limits: "typed", low: low + sky, high: high + sky };
}

// The limits of a frame in a style; a range without width is widened, as nothing could be told apart in it.
export function limitsOf(frame, style) {
  if (style.limits === "typed") return [style.low, style.high];
  const [low, high] = style.limits === "zscale" ? zscale(frame.image) : percentiles(frame.data, style.percent);
  return high > low ? [low, high] : [low, low + 1];
}

// Dresses an image in a style; it is drawn by whoever shows it.
export function dress(frame, style) {
  const { image, JS9 } = frame;
  const [low, high] = limitsOf(frame, style);
  Object.assign(image.params, {
    scale: SCALES[style.stretch], scaleclipping: "user", scalemin: low, scalemax: high, invert: style.invert,
    colormap: style.map, contrast: 1, bias: 0.5,
  });
  image.cmapObj = JS9.lookupColormap(style.map, true);
  frame.dressed = JSON.stringify([style, low, high]);
  return [low, high];
}
