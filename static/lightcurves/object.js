// The object page: light curve, folded curve and periodogram, and the tools between them.

import { asked, fetched, say } from "../ui/ask.js";
import { fixed } from "../ui/numbers.js";
import { address, exclude, include, initial, readAddress, restore, undo } from "./state.js";
import { ANY_FLAG, fromColumns, visible } from "./points.js";
import { embed, onThemeChange } from "./plots.js";
import { drawFolded, drawLightCurve } from "./draw.js";
import { drawAliases, drawPeriodogram, nearestPeak, search } from "./periodogram.js";
import { calls, csv, figureLink, give, picture, votable } from "./download.js";
import { connectSound } from "./sound.js";
import { keys, readOwn, showNeighbours, showPicked, tendTable } from "./panels.js";

const viewer = document.getElementById("viewer");
const find = (id) => document.getElementById(id);
const inputs = (name) => [...viewer.querySelectorAll(`[type=checkbox][name=${name}]`)];
const data = viewer.dataset;

const state = initial(inputs("band").map((box) => box.value));
const loaded = { point: [], limits: null, alerts: null, forced: null, near: null, own: [] };
const plots = {};
let documents;
let reference = {};
let rows = []; // of the light curve, as drawn
let cursor = -1;

async function start() {
  const [points, made] = await Promise.all([asked(data.points), asked(data.document)]);
  documents = made;
  reference = points.reference;
  state.offsets = points.offsets;
  loaded.point = fromColumns(points.columns, "point");
  readAddress(state, window.location.search);
  await embed(documents, "lightcurve", (plot) => { plots.lightcurve = plot; drawCurve(); });
  performance.mark("first-plot");
  showTools(true);
  plots.folded = await embed(documents, "folded");
  plots.periodogram = await embed(documents, "periodogram");
  showState();
  connect();
  await Promise.all([...[...state.overlays].map((name) => attempt(loadOverlay(name))), state.near.size && attempt(loadNeighbours())]);
  draw();
  await searchPeriods();
  data.ready = "true";
}

const showTools = (on) => viewer.querySelectorAll("[data-tools]").forEach((part) => {
  part.hidden = !on;
  part.dataset.tools = "ready";
});

// --- what is drawn -----------------------------------------------------------------------------------------------
function points() {
  const chosen = [...state.overlays].flatMap((name) => loaded[name] ?? []);
  const near = (loaded.near ?? []).filter((one) => state.near.has(`${one.oid}`));
  return [...(state.archive ? loaded.point : []), ...near, ...loaded.own, ...chosen];
}

function drawCurve() {
  rows = drawLightCurve(plots.lightcurve, points(), state, reference);
  cursor = -1;
}

function draw() {
  drawCurve();
  const shown = rows.filter((row) => row.point.kind === "point" && !row.point.bin).length;
  find("used").textContent = `${shown} points, ${state.excluded.size} excluded`;
  find("undo").disabled = find("restore").disabled = state.exclusions.length === 0;
  find("exclude").disabled = true;
  find("picked").replaceChildren();
  drawFold();
  tell();
}

function drawFold() {
  find("folded").hidden = !state.period;
  if (!state.period) return;
  find("period").value = state.period.toPrecision(9);
  state.usedEpoch = state.epoch ?? firstPoint();
  find("epoch").placeholder = state.usedEpoch.toFixed(4);
  drawFolded(plots.folded, points(), state, reference);
  if (plots.periodogram.source("spectrum").data.frequency.length) drawAliases(plots.periodogram, state.period);
}

// Phase zero where none is given: it stays while points are excluded.
function firstPoint() {
  const times = (state.archive ? loaded.point : loaded.own).map((one) => one.hjd);
  return times.length ? Math.min(...times) : 0;
}

// The address, the calls and the table say what is seen.
function tell() {
  const { text } = address(state);
  window.history.replaceState(null, "", text ? `?${text}` : window.location.pathname);
  figureLink(find("figure"), state);
  const { curl, python } = calls(state, data.lightcurve, data.periodogram);
  find("call-curl").textContent = curl;
  find("call-python").textContent = python;
  if (find("points").open) tendTable(find("points").querySelector("table"), state.excluded, useRow);
}

function redraw() {
  draw();
  searchPeriods();
}

// --- the tools ---------------------------------------------------------------------------------------------------
function showState() {
  inputs("band").forEach((box) => (box.checked = state.bands.has(box.value)));
  inputs("overlay").forEach((box) => (box.checked = state.overlays.has(box.value)));
  inputs("bit").forEach((box) => (box.checked = (state.mask & Number(box.value)) !== 0));
  showFlags();
  find("errors").checked = state.errors;
  for (const name of ["measure", "modulus", "time", "cycles"]) find(name).value = state[name];
  find("bin").value = state.bin || "";
  find("phasebins").value = state.phaseBins || "";
  find("epoch").value = state.epoch ?? "";
  find("modulus").parentElement.hidden = state.measure !== "absolute";
  for (const name of ["method", "fmin", "fmax"]) find("search").elements[name].value = state[name];
}

function showFlags() {
  const select = find("flags");
  const known = [...select.options].some((option) => option.value === `${state.mask}`);
  select.value = known ? `${state.mask}` : "some";
}

const number = (text) => (Number.isFinite(Number(text)) ? Number(text) : 0);

function connect() {
  const on = (id, event, action) => find(id).addEventListener(event, action);
  const submit = (id, action) => on(id, "submit", (event) => { event.preventDefault(); action(event.target); });
  inputs("band").forEach((box) => box.addEventListener("change", () => toggle(state.bands, box)));
  inputs("overlay").forEach((box) => box.addEventListener("change", async () => {
    if (box.checked) state.overlays.add(box.value); else state.overlays.delete(box.value);
    if (box.checked) await attempt(loadOverlay(box.value));
    draw();
  }));
  const bits = () => (inputs("bit").every((box) => box.checked) ? ANY_FLAG : inputs("bit").reduce((sum, one) => sum + one.checked * Number(one.value), 0));
  inputs("bit").forEach((box) => box.addEventListener("change", () => setMask(bits())));
  on("flags", "change", (event) => event.target.value !== "some" && setMask(Number(event.target.value)));
  on("errors", "change", (event) => { state.errors = event.target.checked; draw(); });
  on("measure", "change", (event) => { state.measure = event.target.value; find("modulus").parentElement.hidden = state.measure !== "absolute"; draw(); });
  on("modulus", "change", (event) => { state.modulus = number(event.target.value); draw(); });
  on("time", "change", (event) => { state.time = event.target.value; draw(); });
  on("bin", "change", (event) => { state.bin = Math.max(0, number(event.target.value)); draw(); });
  on("exclude", "click", drop);
  on("undo", "click", takeBack);
  on("restore", "click", () => { restore(state); redraw(); });
  submit("fold", () => fold(Number(find("period").value)));
  viewer.querySelectorAll("[data-times]").forEach((button) => button.addEventListener("click", () => fold(state.period * Number(button.dataset.times))));
  on("fine", "input", (event) => { state.period = shifted(Number(event.target.value)); drawFold(); });
  on("fine", "change", () => fold(state.period));
  on("fine", "pointerdown", () => (fine.centre = state.period));
  on("epoch", "change", (event) => { state.epoch = Number(event.target.value) > 0 ? Number(event.target.value) : null; draw(); });
  viewer.querySelectorAll("[data-epoch]").forEach((button) => button.addEventListener("click", () => epochAt(button.dataset.epoch)));
  on("cycles", "change", (event) => { state.cycles = Number(event.target.value); draw(); });
  on("phasebins", "change", (event) => { state.phaseBins = Math.max(0, Math.trunc(number(event.target.value))); draw(); });
  submit("search", (form) => {
    for (const name of ["method", "fmin", "fmax"]) state[name] = form.elements[name].value.trim();
    tell();
    searchPeriods(true);
  });
  submit("own", takeOwn);
  on("own-clear", "click", dropOwn);
  on("own-alone", "change", (event) => { state.archive = !event.target.checked; redraw(); });
  on("near", "toggle", () => find("near").open && attempt(loadNeighbours()));
  on("points", "toggle", tell);
  on("share", "click", share);
  viewer.querySelectorAll("[data-download]").forEach((button) => {
    button.addEventListener("click", () => attempt(download(button.dataset.download, button.dataset.plot)));
  });
  keys(find("lightcurve"), { move, pick: () => pick([rows[cursor]?.point].filter(Boolean)), drop, undo: takeBack });
  plots.lightcurve.source("points").selected.properties.indices.change.connect(showSelected);
  plots.periodogram.figure.on_event("tap", (event) => fold(1 / nearestPeak(plots.periodogram, event.x)));
  onThemeChange(draw);
  connectSaved();
  const folded = () => visible(points(), state).filter((one) => one.kind === "point" || one.kind === "own");
  connectSound(find("listen"), () => state.period && { points: folded(), period: state.period, epoch: state.usedEpoch }, (text) => (find("heard").textContent = text));
}

function toggle(set, box) {
  if (box.checked) set.add(box.value); else set.delete(box.value);
  redraw();
}

function setMask(mask) {
  state.mask = mask;
  inputs("bit").forEach((box) => (box.checked = (mask & Number(box.value)) !== 0));
  showFlags();
  redraw();
}

// --- points: selected, excluded, visited by keys ----------------------------------------------------------------
function selected() {
  const chosen = plots.lightcurve.source("points").selected.indices.map((index) => rows[index].point);
  return chosen.length || cursor < 0 ? chosen : [rows[cursor].point];
}

function showSelected() {
  find("exclude").disabled = selected().length === 0;
  pick(selected());
}

const pick = (chosen) => showPicked(chosen, { image: data.image, cutouts: data.cutouts });

function drop() {
  const place = cursor;
  if (!exclude(state, selected().filter((one) => !one.bin).map((one) => one.key))) return;
  redraw();
  if (place >= 0) moveTo(Math.min(place, rows.length - 1));
}

function takeBack() {
  undo(state);
  redraw();
}

function useRow(pid, use) {
  if (use) include(state, pid); else exclude(state, [pid]);
  redraw();
}

const move = (steps) => moveTo(cursor < 0 ? (steps > 0 ? 0 : rows.length - 1) : Math.min(rows.length - 1, Math.max(0, cursor + steps)));

function moveTo(place) {
  cursor = place;
  const row = rows[cursor];
  if (!row) return;
  plots.lightcurve.source("points").selected.indices = [];
  plots.lightcurve.source("cursor").data = { x: [row.x], y: [row.y] };
  find("exclude").disabled = false;
  find("said").textContent = `Point ${cursor + 1} of ${rows.length}: ${row.label}, MJD ${fixed(row.mjd, 5)}, ${row.value} mag`;
}

// --- the period --------------------------------------------------------------------------------------------------
const fine = { centre: null };

// One end of the fine slider shifts the last cycle of the curve by half a phase.
function shifted(percent) {
  const times = points().map((one) => one.hjd);
  const span = Math.max(...times) - Math.min(...times) || 1;
  fine.centre ??= state.period;
  return fine.centre * (1 + (percent / 100) * (fine.centre / (2 * span)));
}

function fold(period) {
  if (!(period > 0) || !Number.isFinite(period)) {
    find("searched").textContent = `period ${find("period").value}: give a positive number of days, for example 0.5678`;
    return;
  }
  state.period = period;
  fine.centre = null;
  find("fine").value = 0;
  drawFold();
  tell();
}

// Phase zero where the curve is at its brightest or faintest good point.
function epochAt(which) {
  const good = visible(points(), state).filter((one) => one.kind === "point" || one.kind === "own");
  if (!good.length) return;
  const sign = which === "brightest" ? 1 : -1;
  state.epoch = which === "first" ? null : good.reduce((a, b) => (sign * b.mag < sign * a.mag ? b : a)).hjd;
  find("epoch").value = state.epoch === null ? "" : state.epoch.toFixed(5);
  draw();
}

async function searchPeriods(anew = false) {
  const used = visible(points(), state).filter((one) => one.kind === "point" || one.kind === "own");
  find("searched").textContent = "Searching…";
  try {
    const found = await search(data.periodogram, state, used, Number(data.least));
    if (found === null) return;
    drawPeriodogram(plots.periodogram, found);
    showFound(found);
    if (!state.period || anew) fold(found.period); else drawAliases(plots.periodogram, state.period);
  } catch (error) {
    say(find("searched"), "No periodogram", error);
  }
}

function showFound(found) {
  const sure = found.confidence === null ? "" : `, confidence ${fixed(found.confidence, 2)}`;
  find("searched").textContent = `${found.n_frequencies} frequencies, ${found.n_points} points: best period ${found.period.toPrecision(8)} d${sure}`;
  const periods = [found.period, ...found.peaks.map((peak) => peak.period)];
  find("peaks").replaceChildren(...periods.filter((period, k) => periods.indexOf(period) === k).map(peakButton));
}

function peakButton(period) {
  const button = Object.assign(document.createElement("button"), { type: "button", className: "secondary outline", textContent: `${period.toPrecision(7)} d` });
  button.addEventListener("click", () => fold(period));
  return button;
}

// Saved periods: the list is the server's; its buttons fold, save and remove without leaving the page.
function connectSaved() {
  const place = find("kept");
  if (!place) return;
  place.addEventListener("click", (event) => {
    const button = event.target.closest("[data-period]");
    if (!button) return;
    event.preventDefault(); // without script it is a link
    state.epoch = button.dataset.at ? Number(button.dataset.at) : null;
    find("epoch").value = state.epoch ?? "";
    fold(Number(button.dataset.period));
  });
  for (const form of [find("save"), place]) form?.addEventListener("submit", async (event) => {
    event.preventDefault();
    const body = new URLSearchParams(/** @type {any} */ (new FormData(event.target)));
    if (event.target === find("save")) { body.set("period", state.period ?? ""); body.set("epoch", state.epoch ?? ""); }
    try {
      const list = await (await fetched(`${event.target.action}?part=1`, { method: "POST", body })).text();
      const isLeft = place.contains(document.activeElement); // what had the focus goes
      place.innerHTML = list;
      if (isLeft) place.focus();
      find("said").textContent = "Saved periods are up to date.";
    } catch (error) {
      say(find("said"), "Nothing was saved or removed", error);
    }
  });
}

// What cannot be fetched is said; the rest of the page goes on.
const attempt = (promise) => promise.catch((error) => say(find("said"), "Not shown", error));

// --- more points -------------------------------------------------------------------------------------------------
async function loadOverlay(name) {
  const box = inputs("overlay").find((one) => one.value === name);
  if (!box || loaded[name] !== null) return;
  const kind = { limits: "limit", alerts: "alert", forced: "forced" }[name];
  loaded[name] = fromColumns((await asked(box.dataset.address)).columns, kind);
  find("said").textContent = `${name}: ${loaded[name].length}`;
}

async function loadNeighbours() {
  if (loaded.near !== null) return;
  const columns = await showNeighbours(data.neighbours, state.near, (oid, on) => {
    if (on) state.near.add(oid); else state.near.delete(oid);
    draw();
  });
  loaded.near = fromColumns(columns, "near");
}

async function takeOwn(form) {
  const before = loaded.own;
  try {
    loaded.own = fromColumns(await readOwn(form), "own");
    draw();
  } catch (error) {
    find("own-said").textContent = `Not shown: ${error.message}`;
    if (loaded.own === before) return;
    loaded.own = before; // what cannot be drawn must not stay
    draw();
    return;
  }
  await searchPeriods();
}

function dropOwn() {
  loaded.own = [];
  state.archive = true;
  find("own-alone").checked = false;
  find("own-said").textContent = "Removed.";
  redraw();
}

// --- what leaves the page ----------------------------------------------------------------------------------------
async function share() {
  const { complete } = address(state);
  const own = loaded.own.length ? " Your own points are not in it." : "";
  const rest = complete ? own : `${own} More points are excluded than an address holds: it has none of them.`;
  const link = window.location.href;
  find("link").value = link;
  find("link").parentElement.hidden = false;
  find("link").select();
  const copied = await navigator.clipboard?.writeText(link).then(() => true, () => false);
  find("said").textContent = `${copied ? "The link is copied." : "Copy the link."}${rest}`;
}

async function download(kind, name) {
  const file = `ztf_${data.oid}_${name}.${kind === "votable" ? "vot" : kind}`;
  if (kind === "csv") return give(csv(rows, state), file, "text/csv");
  if (kind === "votable") return give(votable(rows, state), file, "application/x-votable+xml");
  return give(await picture(plots[name], documents, kind), file);
}

start().catch((error) => {
  showTools(false); // they would do nothing
  say(find("picked"), "The plots cannot be shown", error, "The table below has all points.");
});
