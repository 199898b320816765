// Positions on the sky: notations, the galactic frame, separations and position angles. Degrees everywhere.

const RAD = Math.PI / 180;
// From ICRS to galactic coordinates: rows of the rotation matrix (Hipparcos and Tycho catalogues, volume 1, 1.5.3).
const GALACTIC = [
  [-0.0548755604162154, -0.873437090234885, -0.4838350155487132],
  [0.4941094278755837, -0.4448296299600112, 0.746982244497219],
  [-0.8676661490190047, -0.1980763734312015, 0.4559837761750669],
];

function vector(ra, dec) {
  const [a, d] = [ra * RAD, dec * RAD];
  return [Math.cos(d) * Math.cos(a), Math.cos(d) * Math.sin(a), Math.sin(d)];
}

const turn = (degrees) => ((degrees % 360) + 360) % 360;

export function galactic(ra, dec) {
  const v = vector(ra, dec);
  const [x, y, z] = GALACTIC.map((row) => row[0] * v[0] + row[1] * v[1] + row[2] * v[2]);
  return { l: turn(Math.atan2(y, x) / RAD), b: Math.asin(Math.max(-1, Math.min(1, z))) / RAD };
}

// "03:40:14.58 +33:21:00.0": hours or degrees, minutes, seconds with so many decimals.
export function sexagesimal(value, decimals, signed) {
  const scale = 10 ** decimals;
  const total = Math.round(Math.abs(value) * 3600 * scale);
  const seconds = (total % (60 * scale)) / scale;
  const minutes = Math.floor(total / (60 * scale)) % 60;
  const whole = Math.floor(total / (3600 * scale));
  const sign = signed ? (value < 0 ? "−" : "+") : "";
  const width = decimals ? 3 + decimals : 2;
  return `${sign}${String(whole).padStart(2, "0")}:${String(minutes).padStart(2, "0")}:${seconds.toFixed(decimals).padStart(width, "0")}`;
}

export const hours = (ra) => sexagesimal((Math.round(turn(ra) * 240000) % 86400000) / 3600000, 3, false);
export const degrees = (dec) => sexagesimal(dec, 2, true);

// The distance of two positions, degrees (Vincenty's formula: good for small angles as well).
export function separation(a, b) {
  const [d1, d2, dl] = [a.dec * RAD, b.dec * RAD, (b.ra - a.ra) * RAD];
  const x = Math.cos(d2) * Math.sin(dl);
  const y = Math.cos(d1) * Math.sin(d2) - Math.sin(d1) * Math.cos(d2) * Math.cos(dl);
  const z = Math.sin(d1) * Math.sin(d2) + Math.cos(d1) * Math.cos(d2) * Math.cos(dl);
  return Math.atan2(Math.hypot(x, y), z) / RAD;
}

// The position angle of b as seen from a: from North through East, degrees.
export function positionAngle(a, b) {
  const [d1, d2, dl] = [a.dec * RAD, b.dec * RAD, (b.ra - a.ra) * RAD];
  const y = Math.sin(dl) * Math.cos(d2);
  const x = Math.cos(d1) * Math.sin(d2) - Math.sin(d1) * Math.cos(d2) * Math.cos(dl);
  return turn(Math.atan2(y, x) / RAD);
}

// An angle as people say it: arcseconds, arcminutes or degrees.
export function angle(value) {
  if (value < 1 / 60) return `${(value * 3600).toFixed(2)}″`;
  return value < 1 ? `${(value * 60).toFixed(3)}′` : `${value.toFixed(4)}°`;
}
