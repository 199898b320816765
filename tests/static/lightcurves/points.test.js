// Points of light curves: shown, folded, binned, in other units, as files.
import assert from "node:assert/strict";
import { test } from "node:test";
import { csv, votable } from "../../../static/lightcurves/download.js";
import { binned, dateOf, fromColumns, measured, medians, phaseOf, timeSpanned, visible } from "../../../static/lightcurves/points.js";
import { tones } from "../../../static/lightcurves/sound.js";
import { initial } from "../../../static/lightcurves/state.js";

const COLUMNS = {
  mjd: [58000.1, 58000.6, 58001.1, 58002.1], hjd: [2458000.6, 2458001.1, 2458001.6, 2458002.6], mag: [15, 16, null, 15.5],
  magerr: [0.1, 0.1, 0.1, 0.2], filtercode: ["zg", "zr", "zg", "zg"], catflags: [0, 0, 0, 4], pid: [1, 2, 3, 4], oid: [7, 8, 7, 7],
};
const points = fromColumns(COLUMNS, "point");
const context = { medians: medians(points), modulus: 5, offsets: { 7: 0.25 } };

test("a point without a magnitude is none, and keys are the images", () => {
  assert.deepEqual(points.map((one) => one.key), ["1", "2", "4"]);
});

test("points go with their filter, their flags and by exclusion", () => {
  const shown = (changes) => visible(points, { bands: new Set(["zg", "zr"]), mask: 0, excluded: new Set(), ...changes }).map((one) => one.pid);
  assert.deepEqual(shown({}), [1, 2, 4]);
  assert.deepEqual(shown({ bands: new Set(["zg"]) }), [1, 4]);
  assert.deepEqual(shown({ mask: 4 }), [1, 2]);
  assert.deepEqual(shown({ excluded: new Set(["2"]) }), [1, 4]);
});

test("magnitude 23.9 is one microjansky, and 2.5 less ten times as much", () => {
  const flux = (mag) => measured({ ...points[0], mag }, "flux", context).y;
  assert.ok(Math.abs(flux(23.9) - 1) < 1e-12 && Math.abs(flux(21.4) - 10) < 1e-11);
  const faded = measured({ ...points[0], kind: "alert", positive: false, mag: 23.9 }, "flux", context);
  assert.ok(faded.y < 0 && faded.low < faded.high);
});

test("other magnitudes are shifted by modulus, median or offset", () => {
  const y = (measure) => measured(points[0], measure, context).y;
  assert.deepEqual([y("mag"), y("absolute"), y("relative"), y("aligned")], [15, 10, -0.25, 14.75]);
  assert.equal(measured({ ...points[0], kind: "alert" }, "relative", context), null);
});

test("a phase is between 0 and 1, before the epoch too", () => {
  assert.equal(phaseOf({ hjd: 10.25 }, 1, 10), 0.25);
  assert.equal(phaseOf({ hjd: 9.75 }, 1, 10), 0.75);
  assert.equal(phaseOf({ hjd: 10 }, 1, 10), 0);
});

test("bins are means weighted by the errors, of each light curve alone", () => {
  const [first, second] = binned(points, (one) => one.mjd, 10);
  assert.ok(Math.abs(first.mag - (15 / 0.01 + 15.5 / 0.04) / (1 / 0.01 + 1 / 0.04)) < 1e-12);
  assert.deepEqual([first.bin, second.bin], [2, 1]);
  assert.equal(timeSpanned(points), 2);
});

test("a time that no calendar has has no date", () => {
  assert.deepEqual([dateOf(1.7e9), dateOf(60000)], ["no date", "2023-02-25 00:00:00"]);
});

test("files have all digits, and nothing for what is missing", () => {
  const rows = points.map((point) => ({ point, mjd: point.mjd, y: point.mag, err: point.err }));
  const lines = csv(rows, initial(["zg", "zr"])).trim().split("\n");
  assert.equal(lines.length, 4);
  assert.match(lines[1], /^point,7,1,zg,58000\.10000000,2458000\.60000000,15\.00000,0\.10000,0,15\.00000,0\.10000,$/);
  const text = votable([{ ...rows[0], point: { ...points[0], pid: null, band: "a<b" } }], initial(["zg"]));
  assert.ok(text.includes("<TD>-1</TD>") && text.includes("<TD>a&lt;b</TD>") && text.includes('<VALUES null="-1"/>'));
});

test("brighter is higher, and what was not seen is silent", () => {
  const heard = tones([{ hjd: 0, mag: 15 }, { hjd: 0.5, mag: 17 }], 1, 0);
  assert.deepEqual([heard[0].hertz, heard[30].hertz, heard[10].hertz], [880, 220, null]);
});
