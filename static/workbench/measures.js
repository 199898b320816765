// Measurements of pixels. Pixels are counted from 1, and one belongs to an area when its centre lies in it.

export const inCircle = (cx, cy, r) => (x, y) => (x - cx) ** 2 + (y - cy) ** 2 <= r * r;

// A box of full widths, turned counterclockwise by `angle` degrees.
export function inBox(cx, cy, width, height, angle = 0) {
  const [c, s] = [Math.cos((angle * Math.PI) / 180), Math.sin((angle * Math.PI) / 180)];
  return (x, y) => {
    const [dx, dy] = [x - cx, y - cy];
    return Math.abs(dx * c + dy * s) <= width / 2 && Math.abs(dy * c - dx * s) <= height / 2;
  };
}

export function inPolygon(points) {
  return (x, y) => {
    let inside = false;
    for (let n = 0, last = points.length - 1; n < points.length; last = n++) {
      const [a, b] = [points[n], points[last]];
      if (a.y > y !== b.y > y && x < ((b.x - a.x) * (y - a.y)) / (b.y - a.y) + a.x) inside = !inside;
    }
    return inside;
  };
}

// The values of a frame within an area; `box` bounds it: [x1, y1, x2, y2].
export function values(frame, inside, box) {
  const found = [];
  const [x1, y1, x2, y2] = [Math.max(1, Math.floor(box[0])), Math.max(1, Math.floor(box[1])), Math.min(frame.width, Math.ceil(box[2])), Math.min(frame.height, Math.ceil(box[3]))];
  for (let y = y1; y <= y2; y++) {
    for (let x = x1; x <= x2; x++) {
      if (!inside(x, y)) continue;
      const value = frame.data[(y - 1) * frame.width + x - 1];
      if (Number.isFinite(value)) found.push(value);
    }
  }
  return found;
}

export function median(sorted) {
  const middle = Math.floor(sorted.length / 2);
  return sorted.length % 2 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
}

// Count, sum, mean, median, standard deviation (of the population), least and greatest of values.
export function statistics(found) {
  const n = found.length;
  if (!n) return { n: 0 };
  const sum = found.reduce((total, one) => total + one, 0);
  const mean = sum / n;
  const spread = Math.sqrt(found.reduce((total, one) => total + (one - mean) ** 2, 0) / n);
  const sorted = Float64Array.from(found).sort();
  return { n, sum, mean, median: median(sorted), deviation: spread, least: sorted[0], greatest: sorted[n - 1] };
}

// Values along a line, bilinear, about one a pixel: [{distance (pixels), value}].
export function lineCut(frame, from, to) {
  const length = Math.hypot(to.x - from.x, to.y - from.y);
  const steps = Math.max(1, Math.round(length));
  const found = [];
  for (let n = 0; n <= steps; n++) {
    const share = n / steps;
    found.push({ distance: share * length, value: bilinear(frame, from.x + share * (to.x - from.x), from.y + share * (to.y - from.y)) });
  }
  return found;
}

export function bilinear(frame, x, y) {
  const [x0, y0] = [Math.floor(x), Math.floor(y)];
  const [fx, fy] = [x - x0, y - y0];
  let sum = 0;
  for (const [dx, dy, weight] of [[0, 0, (1 - fx) * (1 - fy)], [1, 0, fx * (1 - fy)], [0, 1, (1 - fx) * fy], [1, 1, fx * fy]]) {
    if (weight === 0) continue;
    const value = frame.value(x0 + dx, y0 + dy);
    if (value === undefined) return NaN;
    sum += weight * value;
  }
  return sum;
}

// Flux within growing circles about a place, above the median of a ring outside: radii in pixels.
export function growth(frame, x, y, largest) {
  const [inner, outer] = [largest + 2, largest + 8];
  const ring = values(frame, (a, b) => inCircle(x, y, outer)(a, b) && !inCircle(x, y, inner)(a, b), [x - outer, y - outer, x + outer, y + outer]);
  const sky = ring.length ? median(Float64Array.from(ring).sort()) : 0;
  const points = [];
  for (let radius = 1; radius <= largest; radius++) {
    const found = values(frame, inCircle(x, y, radius), [x - radius, y - radius, x + radius, y + radius]);
    points.push({ radius, flux: found.reduce((total, one) => total + one - sky, 0) });
  }
  const total = points.at(-1).flux;
  const after = points.findIndex((one) => one.flux >= total / 2);
  const before = after > 0 ? points[after - 1] : { radius: 0, flux: 0 };
  const half = after < 0 ? NaN : before.radius + ((total / 2 - before.flux) / (points[after].flux - before.flux)) * (points[after].radius - before.radius);
  return { sky, points, total, half };
}
