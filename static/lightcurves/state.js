// What is shown, in one object, and the address that leads back to it.

import { ANY_FLAG, MEASURES, TIMES } from "./points.js";

const MOST_IN_ADDRESS = 250; // excluded points; more would make an address that servers refuse

export function initial(bands) {
  return {
    bands: new Set(bands), allBands: [...bands], mask: ANY_FLAG, exclusions: [], excluded: new Set(), errors: true, overlays: new Set(), near: new Set(),
    measure: "mag", modulus: 0, time: "mjd", bin: 0,
    period: null, epoch: null, cycles: 2, phaseBins: 0, method: "ls", fmin: "", fmax: "10", archive: true,
  };
}

// `exclusions` are steps that can be undone; `excluded` is the set of all their keys, made anew when they change.
function setExclusions(state, steps) {
  state.exclusions = steps;
  state.excluded = new Set(steps.flat());
}

export function exclude(state, keys) {
  const fresh = keys.filter((key) => !state.excluded.has(key));
  if (fresh.length) setExclusions(state, [...state.exclusions, fresh]);
  return fresh.length;
}

export const undo = (state) => setExclusions(state, state.exclusions.slice(0, -1));

export const restore = (state) => setExclusions(state, []);

export function include(state, key) {
  setExclusions(state, state.exclusions.map((step) => step.filter((one) => one !== key)).filter((step) => step.length));
}

// Numbers of images are long and near each other: each as its distance from the one before, in base 36.
export function packed(pids) {
  let last = 0;
  return [...pids].sort((a, b) => a - b).map((pid) => {
    const step = (pid - last).toString(36);
    last = pid;
    return step;
  }).join(".");
}

export function unpacked(text) {
  let last = 0;
  return text.split(".").filter(Boolean).map((step) => (last += parseInt(step, 36))).filter(Number.isSafeInteger);
}

const positive = (text) => (Number(text) > 0 && Number.isFinite(Number(text)) ? Number(text) : null);

export function readAddress(state, search) {
  const given = new URLSearchParams(search);
  const take = (name, use) => given.has(name) && use(given.get(name));
  const list = (text) => text.split(",").filter(Boolean);
  take("bands", (text) => (state.bands = new Set(list(text).filter((band) => state.allBands.includes(band)))));
  take("mask", (text) => (state.mask = Math.min(ANY_FLAG, Math.max(0, Math.trunc(Number(text)) || 0))));
  take("exclude", (text) => exclude(state, unpacked(text).map(String)));
  take("errors", (text) => (state.errors = text !== "0"));
  take("show", (text) => (state.overlays = new Set(list(text))));
  take("near", (text) => (state.near = new Set(list(text))));
  take("y", (text) => (state.measure = text in MEASURES ? text : "mag"));
  take("modulus", (text) => (state.modulus = Number(text) || 0));
  take("x", (text) => (state.time = text in TIMES ? text : "mjd"));
  take("bin", (text) => (state.bin = positive(text) ?? 0));
  take("period", (text) => (state.period = positive(text)));
  take("epoch", (text) => (state.epoch = positive(text)));
  take("cycles", (text) => (state.cycles = text === "1" ? 1 : 2));
  take("phasebins", (text) => (state.phaseBins = Math.min(500, Math.trunc(positive(text) ?? 0))));
  for (const name of ["method", "fmin", "fmax"]) take(name, (text) => (state[name] = text));
}

// Only what differs from a page as it opens. Points of one's own cannot be in it; `complete` says whether all else is.
export function address(state) {
  const start = initial(state.allBands);
  const parts = new URLSearchParams();
  const put = (name, value, usual) => value !== usual && value !== null && parts.set(name, value);
  const pids = [...state.excluded].filter((key) => /^\d+$/.test(key)).map(Number);
  put("period", state.period === null ? null : String(Number(state.period.toPrecision(10))), null);
  put("epoch", state.epoch === null ? null : state.epoch.toFixed(5), null);
  put("cycles", state.cycles, start.cycles);
  put("phasebins", state.phaseBins, 0);
  put("bands", [...state.bands].join(","), start.allBands.join(","));
  put("mask", state.mask, start.mask);
  put("errors", state.errors ? "1" : "0", "1");
  put("show", [...state.overlays].join(","), "");
  put("near", [...state.near].join(","), "");
  put("y", state.measure, "mag");
  put("modulus", state.modulus, 0);
  put("x", state.time, "mjd");
  put("bin", state.bin, 0);
  for (const name of ["method", "fmin", "fmax"]) put(name, state[name], start[name]);
  const fits = pids.length <= MOST_IN_ADDRESS;
  if (pids.length && fits) parts.set("exclude", packed(pids));
  return { text: `${parts}`, complete: fits && pids.length === state.excluded.size };
}
