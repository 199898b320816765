// Axes: their ends and their ticks. No document, no plot.

const ENOUGH = 4; // ticks on an axis, about

/**
 * Ends of an axis: all finite values with a margin; of one value a little around it, of none from 0 to 1.
 * @param {number[]} values
 * @param {{margin?: number, least?: number, alone?: number}} [options] the margin as a part of the range, at least so much; of one value: as a part of it
 * @returns {[number, number]}
 */
export function span(values, { margin = 0.04, least = 0, alone = 1e-6 } = {}) {
  let [low, high] = [Infinity, -Infinity];
  for (const value of values) {
    if (!Number.isFinite(value)) continue;
    if (value < low) low = value;
    if (value > high) high = value;
  }
  if (!(low <= high)) return [0, 1];
  const pad = Math.max((high - low) * margin, least) || Math.abs(high) * alone || 0.5;
  return [low - pad, high + pad];
}

/**
 * The same ends with the larger value first: magnitudes, right ascension.
 * @param {[number, number]} ends
 * @returns {[number, number]}
 */
export const turned = ([start, end]) => [end, start];

/**
 * Round numbers within a range, in steps of 1, 2 or 5 times a power of ten.
 * @param {number} low
 * @param {number} high
 * @returns {number[]}
 */
export function ticks(low, high, enough = ENOUGH) {
  const rough = (high - low) / enough || 1;
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = power * [1, 2, 5, 10].find((one) => one * power >= rough * (1 - 1e-9));
  const found = [];
  for (let n = Math.ceil(low / step - 1e-9); n * step <= high + step * 1e-9; n++) found.push(Number((n * step).toPrecision(10)));
  return found;
}
