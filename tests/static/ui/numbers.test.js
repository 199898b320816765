// Numbers as people read them.
import assert from "node:assert/strict";
import { test } from "node:test";
import { counted, fixed, thousands, withError } from "../../../static/ui/numbers.js";

test("zero is a number, and what is missing is a dash", () => {
  assert.equal(fixed(0, 2), "0.00");
  for (const missing of [null, undefined, NaN]) assert.equal(fixed(missing, 2), "–");
  assert.equal(fixed(null, 2, "none"), "none");
});

test("the minus is a true one, and there is no minus zero", () => {
  assert.equal(fixed(-1.234, 2), "−1.23");
  assert.equal(fixed(-0.001, 2), "0.00");
});

test("an uncertainty stands behind its value where there is one", () => {
  assert.equal(withError(15.1234, 0.0216, 3), "15.123 ± 0.022");
  assert.equal(withError(15.1234, null, 3), "15.123");
  assert.equal(withError(null, 0.02, 3), "–");
  assert.equal(withError(15, 0, 3), "15.000 ± 0.000");
});

test("counts have commas and the right ending", () => {
  assert.equal(thousands(1234567), "1,234,567");
  assert.equal(counted(1, "row"), "1 row");
  assert.equal(counted(0, "row"), "0 rows");
  assert.equal(counted(3, "series", "series"), "3 series");
});
