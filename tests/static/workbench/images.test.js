// What the workbench shows an image with, and the regions that it reads.
import assert from "node:assert/strict";
import { test } from "node:test";
import { unreadable } from "../../../static/workbench/regions.js";
import { limitsOf, percentiles } from "../../../static/workbench/stretch.js";
import { styleOf } from "../../../static/workbench/url-state.js";

test("limits hold the middle of the finite values", () => {
  const data = Float32Array.from({ length: 101 }, (_, k) => k);
  data[100] = NaN;
  assert.deepEqual(percentiles(data, 100), [0, 99]);
  assert.deepEqual(percentiles(data, 90), [5, 94]);
  assert.deepEqual(percentiles(Float32Array.from([NaN]), 90), [0, 1]);
});

test("a range without width is widened", () => {
  assert.deepEqual(limitsOf({ data: Float32Array.from([3, 3]) }, { limits: "percent", percent: 99 }), [3, 4]);
});

test("a link's style is what it says, and the plane's own for the rest", () => {
  assert.equal(styleOf({}, "science").stretch, "asinh");
  assert.equal(styleOf({}, "difference").stretch, "linear");
  const typed = styleOf({ stretch: "log", low: 0, high: 9, invert: true }, "science");
  assert.deepEqual([typed.stretch, typed.limits, typed.low, typed.high, typed.invert], ["log", "typed", 0, 9, true]);
});

test("the first line of a region file that cannot be drawn is named", () => {
  assert.equal(unreadable("# DS9\nglobal color=green\nicrs; circle(10,20,5\")\nimage\n-box(1,2,3,4)"), null);
  assert.match(unreadable("circle(1,2,3)\nspline(1,2)"), /^line 2: "spline\(1,2\)"/);
});
