// What a light curve's page shows, and the address that leads back to it.
import assert from "node:assert/strict";
import { test } from "node:test";
import { calls } from "../../../static/lightcurves/download.js";
import { address, exclude, include, initial, packed, readAddress, restore, undo, unpacked } from "../../../static/lightcurves/state.js";

globalThis.window = { location: { href: "https://archive.example.org/objects/1/" } };
const many = Array.from({ length: 6000 }, (_, k) => `${200000000000000 + k}`);

test("numbers of images are packed and unpacked", () => {
  const pids = [200000000000100, 200000000000001, 7];
  assert.deepEqual(unpacked(packed(pids)), [7, 200000000000001, 200000000000100]);
  assert.deepEqual(unpacked(""), []);
  assert.deepEqual(unpacked("!!.-"), []);
});

test("an address leads back to the same page", () => {
  const state = initial(["zg", "zr", "zi"]);
  readAddress(state, "?bands=zg,zi,zx&period=0.5678&epoch=2459000.5&cycles=1&mask=3&y=flux&x=jd&bin=2&errors=0&show=limits");
  exclude(state, ["12", "15"]);
  const again = initial(["zg", "zr", "zi"]);
  readAddress(again, `?${address(state).text}`);
  for (const name of ["bands", "period", "epoch", "cycles", "mask", "measure", "time", "bin", "errors", "overlays", "excluded"]) {
    assert.deepEqual(again[name], state[name], name);
  }
  assert.deepEqual([...again.bands], ["zg", "zi"]);
  assert.equal(address(initial(["zg"])).text, "");
});

test("what an address holds that makes no sense is left as it is", () => {
  const state = initial(["zg"]);
  readAddress(state, "?period=-1&y=nonsense&x=&mask=x&phasebins=1e9&bin=NaN");
  assert.deepEqual([state.period, state.measure, state.time, state.mask, state.phaseBins, state.bin], [null, "mag", "mjd", 0, 500, 0]);
});

test("exclusions are one set that is made anew only when they change", () => {
  const state = initial(["zg", "zr"]);
  assert.equal(exclude(state, many), 6000);
  assert.equal(exclude(state, many.slice(0, 9)), 0);
  assert.equal(state.excluded, state.excluded);
  include(state, many[0]);
  assert.equal(state.excluded.size, 5999);
  assert.ok(!address(state).complete);
  undo(state);
  assert.equal(state.excluded.size, 0);
  exclude(state, many.slice(0, 3));
  restore(state);
  assert.equal(state.excluded.size, 0);
});

test("calls stay short, and say what they leave out", () => {
  const state = initial(["zg", "zr"]);
  exclude(state, many);
  for (const text of Object.values(calls(state, "/a", "/b"))) assert.ok(text.length < 2000 && text.includes("6000 excluded points"));
  restore(state);
  for (const text of Object.values(calls(state, "/a", "/b"))) assert.ok(!text.includes("exclude") && !text.includes("bands"));
  state.bands.clear();
  for (const text of Object.values(calls(state, "/a", "/b"))) assert.ok(text.includes("No filter is on") && !text.includes("http"));
});
