// The object page: light curve, folded curve and periodogram, and the tools between them.

import { mostInOneBand, phases, plotted, visibleRows } from "./fold.js";
import { colour, embed, onThemeChange } from "./plots.js";

const FINEST = 1e-4; // of the period, a step of the fine slider at its ends
const MOST_LINKS = 12;
const MOST_IN_ADDRESS = 60; // excluded points; more would make an address that servers refuse
const viewer = document.getElementById("viewer");
const find = (id) => document.getElementById(id);
const inputs = (name) => [...viewer.querySelectorAll(`[name=${name}]`)];

const state = { bands: new Set(inputs("band").map((box) => box.value)), flagged: false, excluded: new Set(), period: null, columns: null };
let plots;
let searching = new AbortController();

async function start() {
  const answer = await fetch(viewer.dataset.points);
  if (!answer.ok) throw new Error(await reason(answer));
  state.columns = (await answer.json()).columns;
  viewer.querySelectorAll("[data-tools]").forEach((part) => (part.hidden = false));
  plots = await embed(viewer.dataset.document, ["lightcurve", "folded", "periodogram"]);
  find("folded").hidden = true;
  readAddress();
  connect();
  draw();
  if (state.period) fold(state.period);
  await search();
  viewer.dataset.ready = "true";
}

function connect() {
  inputs("band").forEach((box) => box.addEventListener("change", () => toggle(state.bands, box)));
  find("flagged").addEventListener("change", (event) => { state.flagged = event.target.checked; redraw(); });
  find("exclude").addEventListener("click", () => { selectedRows().forEach((row) => state.excluded.add(state.columns.pid[row])); redraw(); });
  find("restore").addEventListener("click", () => { state.excluded.clear(); redraw(); });
  find("fold").addEventListener("submit", (event) => { event.preventDefault(); fold(Number(find("period").value)); });
  viewer.querySelectorAll("[data-times]").forEach((button) => button.addEventListener("click", () => fold(state.period * Number(button.dataset.times))));
  find("fine").addEventListener("input", (event) => drawFolded(state.period * (1 + Number(event.target.value) / 100 * FINEST * fineScale())));
  find("fine").addEventListener("change", (event) => fold(state.period * (1 + Number(event.target.value) / 100 * FINEST * fineScale())));
  find("search").addEventListener("submit", (event) => { event.preventDefault(); state.period = null; search(); });
  const source = plots.lightcurve.source("points");
  source.selected.properties.indices.change.connect(showSelected);
  plots.periodogram.figure.on_event("tap", (event) => fold(1 / nearestPeak(event.x)));
  onThemeChange(draw);
}

// One end of the fine slider shifts the last cycle of the curve by half a phase.
function fineScale() {
  const times = state.columns.hjd;
  const span = Math.max(...times) - Math.min(...times);
  return state.period / (2 * span * FINEST);
}

function toggle(set, box) {
  if (box.checked) set.add(box.value); else set.delete(box.value);
  redraw();
}

function redraw() {
  draw();
  search();
}

function draw() {
  const rows = visibleRows(state.columns, state);
  const source = plots.lightcurve.source("points");
  source.selected.indices = [];
  source.data = plotted(state.columns, rows, "mjd", rows.map((row) => state.columns.mjd[row]), colour);
  find("used").textContent = `${rows.length} points, ${state.excluded.size} excluded`;
  find("restore").disabled = state.excluded.size === 0;
  if (state.period) drawFolded(state.period);
}

function selectedRows() {
  const source = plots.lightcurve.source("points");
  return source.selected.indices.map((index) => source.data.row[index]);
}

function showSelected() {
  const rows = selectedRows();
  find("exclude").disabled = rows.length === 0;
  const links = rows.slice(0, MOST_LINKS).map((row) => {
    const { mjd, mag, magerr, filtercode, pid } = state.columns;
    const line = document.createElement("div");
    const image = Object.assign(document.createElement("a"), { href: viewer.dataset.image.replace("/0/", `/${pid[row]}/`), textContent: `image ${pid[row]}` });
    const cutout = Object.assign(document.createElement("a"), { href: viewer.dataset.cutouts + pid[row], textContent: "cutout" });
    line.append(`${filtercode[row]}, MJD ${mjd[row].toFixed(5)}, ${mag[row].toFixed(3)} ± ${magerr[row].toFixed(3)} mag: `, image, " · ", cutout);
    return line;
  });
  const more = rows.length > MOST_LINKS ? [`and ${rows.length - MOST_LINKS} more`] : [];
  find("picked").replaceChildren(...links, ...more);
}

function fold(period) {
  if (!(period > 0) || !Number.isFinite(period)) {
    find("searched").textContent = `period ${find("period").value}: give a positive number of days, for example 0.5678`;
    return;
  }
  state.period = period;
  find("fine").value = 0;
  drawFolded(period);
  writeAddress();
}

function drawFolded(period) {
  const rows = visibleRows(state.columns, state);
  find("period").value = period.toPrecision(9);
  find("folded").hidden = rows.length === 0;
  const phase = phases(state.columns.hjd, rows, period);
  const both = [...phase, ...phase.map((value) => value + 1)];
  plots.folded.source("points").data = plotted(state.columns, [...rows, ...rows], "phase", both, colour);
}

async function search() {
  const most = mostInOneBand(state.columns, visibleRows(state.columns, state));
  if (most < Number(viewer.dataset.least)) {
    find("searched").textContent = `${most} points in one filter: a period needs at least ${viewer.dataset.least}.`;
    return;
  }
  const form = new FormData(find("search"));
  form.set("bands", [...state.bands].join(","));
  form.set("exclude", [...state.excluded].join(","));
  form.set("flagged", state.flagged ? "1" : "");
  form.set("together", "1");
  find("searched").textContent = "Searching…";
  searching.abort(); // an older answer must not come after a newer one
  searching = new AbortController();
  try {
    const answer = await fetch(viewer.dataset.periodogram, { method: "POST", body: new URLSearchParams(form), signal: searching.signal });
    if (!answer.ok) throw new Error(await reason(answer));
    const found = await answer.json();
    showPeriodogram(found);
    if (!state.period) fold(found.period);
  } catch (error) {
    if (error.name !== "AbortError") find("searched").textContent = `No periodogram: ${error.message}`;
  }
}

async function reason(answer) {
  const isProblem = (answer.headers.get("Content-Type") || "").includes("json");
  return isProblem ? (await answer.json()).detail : `the server answers ${answer.status}`;
}

function showPeriodogram(found) {
  const { source, figure } = plots.periodogram;
  source("spectrum").data = { frequency: found.frequencies, power: found.power };
  const column = (name) => found.peaks.map((peak) => peak[name]);
  // The combined search ranks periods by their folded scatter: they are marked where the spectrum has them.
  const power = found.method === "search" ? column("frequency").map((frequency) => powerAt(found, frequency)) : column("power");
  source("peaks").data = { frequency: column("frequency"), power, period: column("period") };
  figure.left[0].axis_label = found.label.split(";")[0];
  find("searched").textContent = `${found.n_frequencies} frequencies, ${found.n_points} points: best period ${found.period.toPrecision(8)} d`;
  find("peaks").replaceChildren(...[found.period, ...column("period")].filter((period, k, all) => all.indexOf(period) === k).map(peakButton));
}

function peakButton(period) {
  const button = Object.assign(document.createElement("button"), { type: "button", className: "secondary outline", textContent: `${period.toPrecision(7)} d` });
  button.addEventListener("click", () => fold(period));
  return button;
}

function powerAt(found, frequency) {
  let best = 0;
  found.frequencies.forEach((value, k) => {
    if (Math.abs(value - frequency) < Math.abs(found.frequencies[best] - frequency)) best = k;
  });
  return found.power[best];
}

// A click takes a marked peak within a fiftieth of the view; otherwise the highest value there.
function nearestPeak(x) {
  const { source, figure } = plots.periodogram;
  const reach = (figure.x_range.end - figure.x_range.start) / 50;
  const marked = source("peaks").data.frequency.filter((value) => Math.abs(value - x) < reach);
  if (marked.length) return marked.reduce((a, b) => (Math.abs(a - x) < Math.abs(b - x) ? a : b));
  const { frequency, power } = source("spectrum").data;
  let best = -1;
  frequency.forEach((value, k) => {
    if (Math.abs(value - x) < reach && (best < 0 || power[k] > power[best])) best = k;
  });
  return best < 0 ? x : frequency[best];
}

function readAddress() {
  const address = new URLSearchParams(window.location.search);
  for (const name of ["method", "fmin", "fmax"]) {
    if (address.has(name)) find("search").elements[name].value = address.get(name);
  }
  if (address.has("bands")) {
    state.bands = new Set(address.get("bands").split(","));
    inputs("band").forEach((box) => (box.checked = state.bands.has(box.value)));
  }
  const excluded = (address.get("exclude") || "").split(",").filter(Boolean).map(Number);
  excluded.forEach((pid) => state.excluded.add(pid));
  const period = Number(address.get("period"));
  if (period > 0) state.period = period;
}

// The address always leads back to what is seen.
function writeAddress() {
  const form = find("search").elements;
  const address = new URLSearchParams({ period: find("period").value, method: form.method.value, fmax: form.fmax.value });
  if (form.fmin.value) address.set("fmin", form.fmin.value);
  if (inputs("band").some((box) => !box.checked)) address.set("bands", [...state.bands].join(","));
  if (state.excluded.size && state.excluded.size <= MOST_IN_ADDRESS) address.set("exclude", [...state.excluded].join(","));
  window.history.replaceState(null, "", `?${address}`);
}

start().catch((error) => { find("picked").textContent = `The plots cannot be shown: ${error.message}. The table below has all points.`; });
