// The ends and ticks of axes.
import assert from "node:assert/strict";
import { test } from "node:test";
import { span, ticks, turned } from "../../../static/ui/scales.js";

test("ticks are round, and within the range", () => {
  assert.deepEqual(ticks(0, 1), [0, 0.5, 1]);
  assert.deepEqual(ticks(14.2, 18.9), [16, 18]);
  assert.deepEqual(ticks(14.2, 18.9, 10), [14.5, 15, 15.5, 16, 16.5, 17, 17.5, 18, 18.5]);
  assert.deepEqual(ticks(-3, 3), [-2, 0, 2]);
  assert.deepEqual(ticks(0.1, 0.3, 2), [0.1, 0.2, 0.3]); // not 0.30000000000000004
  assert.deepEqual(ticks(1e-9, 4e-9), [1e-9, 2e-9, 3e-9, 4e-9]);
});

test("a range without width has a tick", () => {
  assert.deepEqual(ticks(5, 5), [5]);
});

test("an axis holds all finite values with a margin", () => {
  const [low, high] = span([1, 3, NaN, 2, Infinity]);
  assert.ok(Math.abs(low - 0.92) < 1e-12 && Math.abs(high - 3.08) < 1e-12);
  assert.deepEqual(span([1, 3], { margin: 0, least: 0.5 }), [0.5, 3.5]);
});

test("an axis of one value or none has a width", () => {
  assert.deepEqual(span([]), [0, 1]);
  assert.deepEqual(span([NaN]), [0, 1]);
  assert.deepEqual(span([0]), [-0.5, 0.5]);
  assert.deepEqual(span([2], { alone: 0.5 }), [1, 3]);
  const [start, end] = span([60000]);
  assert.ok(end - start < 1); // days
});

test("magnitudes are upside down", () => assert.deepEqual(turned([14, 20]), [20, 14]));
