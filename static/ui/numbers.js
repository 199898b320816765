// Numbers as people read them; archive/tables/presentation.py does the same for what the server writes. Files have their own.

export const MISSING = "–";
const MINUS = "−";

const isMissing = (value) => value === null || value === undefined || Number.isNaN(value);

/**
 * So many digits after the point, a true minus sign, a dash for what is missing; zero is a number.
 * @param {number | null | undefined} value
 * @param {number} digits
 */
export function fixed(value, digits, missing = MISSING) {
  if (isMissing(value)) return missing;
  const text = Math.abs(value).toFixed(digits);
  return value < 0 && Number(text) !== 0 ? MINUS + text : text;
}

/** A value and its uncertainty, where it has one. */
export function withError(value, error, digits, missing = MISSING) {
  const text = fixed(value, digits, missing);
  return isMissing(value) || isMissing(error) ? text : `${text} ± ${fixed(error, digits)}`;
}

/** A whole number with commas between thousands: 12,345. */
export const thousands = (value) => (isMissing(value) ? MISSING : value.toLocaleString("en"));

/** 1 row, 2 rows. */
export const counted = (count, one, many = `${one}s`) => `${thousands(count)} ${count === 1 ? one : many}`;
