// Light curves as arrays: which points are shown, and their phases. No document, no Bokeh.

// Rows that are neither excluded nor of a filter that is switched off; flagged ones only if asked for.
export function visibleRows(columns, { bands, flagged, excluded }) {
  return columns.pid
    .map((_, row) => row)
    .filter((row) => columns.mag[row] !== null && bands.has(columns.filtercode[row]))
    .filter((row) => !excluded.has(columns.pid[row]) && (flagged || columns.catflags[row] === 0));
}

// Points of the filter that has most among `rows`.
export function mostInOneBand(columns, rows) {
  const counts = {};
  for (const row of rows) counts[columns.filtercode[row]] = (counts[columns.filtercode[row]] || 0) + 1;
  return Math.max(0, ...Object.values(counts));
}

// Phase in [0, 1) from the first good point; two cycles are drawn.
export function phases(times, rows, period) {
  const start = Math.min(...rows.map((row) => times[row]));
  return rows.map((row) => {
    const cycles = (times[row] - start) / period;
    return cycles - Math.floor(cycles);
  });
}

// Columns for a plot: one entry for each of `rows`, with its place along x.
export function plotted(columns, rows, along, places, colourOf) {
  const mag = rows.map((row) => columns.mag[row]);
  const err = rows.map((row) => columns.magerr[row]);
  return {
    [along]: places,
    mjd: rows.map((row) => columns.mjd[row]),
    mag,
    err,
    low: mag.map((value, k) => value - err[k]),
    high: mag.map((value, k) => value + err[k]),
    band: rows.map((row) => columns.filtercode[row]),
    colour: rows.map((row) => colourOf(columns.filtercode[row], columns.catflags[row] !== 0)),
    pid: rows.map((row) => columns.pid[row]),
    row: rows,
  };
}
