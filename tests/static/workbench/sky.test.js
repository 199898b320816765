// Positions on the sky.
import assert from "node:assert/strict";
import { test } from "node:test";
import { angle, degrees, galactic, hours, positionAngle, separation, sexagesimal } from "../../../static/workbench/sky.js";

test("right ascension in hours, declination in degrees, rounded up through minutes", () => {
  assert.equal(hours(83.633083), "05:34:31.940");
  assert.equal(degrees(22.0145), "+22:00:52.20");
  assert.equal(degrees(-0.5), "−00:30:00.00");
  assert.equal(hours(359.9999999999), "00:00:00.000");
  assert.equal(sexagesimal(0.99999999, 2, false), "01:00:00.00");
});

test("the galactic centre and pole are where they are", () => {
  const centre = galactic(266.40499, -28.93617);
  assert.ok(Math.min(centre.l, 360 - centre.l) < 1e-3 && Math.abs(centre.b) < 1e-3);
  assert.ok(galactic(192.85948, 27.12825).b > 89.9999);
});

test("separations hold for small angles and across zero", () => {
  assert.ok(Math.abs(separation({ ra: 359.5, dec: 0 }, { ra: 0.5, dec: 0 }) - 1) < 1e-12);
  assert.ok(Math.abs(separation({ ra: 10, dec: 60 }, { ra: 10, dec: 60 + 1e-9 }) - 1e-9) < 1e-14);
});

test("a position angle goes from North through East", () => {
  assert.ok(Math.abs(positionAngle({ ra: 10, dec: 0 }, { ra: 10.1, dec: 0 }) - 90) < 1e-9);
  assert.ok(Math.abs(positionAngle({ ra: 10, dec: 0 }, { ra: 10, dec: -1 }) - 180) < 1e-9);
});

test("an angle is said in the unit that fits", () => assert.deepEqual([angle(0.001), angle(0.5), angle(2)], ["3.60″", "30.000′", "2.0000°"]));
