// The image workbench: JS9 in the middle, and around it what an astronomer asks of an image.

import { fetched, say } from "../ui/ask.js";
import { Catalogs } from "./catalogs.js";
import { Compare } from "./compare.js";
import { Controls } from "./controls.js";
import { begin, load, start } from "./engine.js";
import { Frame } from "./frame.js";
import { Header } from "./header.js";
import { Mask } from "./mask.js";
import { Measures } from "./measure.js";
import { Overlay } from "./overlay.js";
import { Readout } from "./readout.js";
import { Regions } from "./regions.js";
import { Stage } from "./stage.js";
import { usual } from "./stretch.js";
import { Tools } from "./tools.js";
import { Address, styleOf } from "./url-state.js";

const MOST_KEPT = 12; // images in memory, some 100 MB each
const OWN_GRID = ["science", "difference", "uncertainty", "mask"];
const byId = (id) => document.getElementById(id);
const named = (root, name) => Object.fromEntries([...root.querySelectorAll(`[data-${name}]`)].map((one) => [one.dataset[name], one]));

class Bench {
  data; JS9; stage; whole;
  frames = new Map(); styles = {}; began = false;

  constructor(data, JS9, stage) {
    Object.assign(this, { data, JS9, stage, whole: data.state.zoom === undefined && data.state.ra === undefined });
    this.overlay = new Overlay(byId("wb-overlay"), stage);
    this.address = new Address(this);
    this.readout = new Readout(this, byId("wb-readout"), byId("wb-live"));
    this.mask = new Mask(this, byId("wb-mask"));
    this.catalogs = new Catalogs(this, byId("wb-catalogs"), byId("wb-card"), byId("wb-sources"));
    this.measures = new Measures(this, named(document, "measure"));
    this.regions = new Regions(this, named(document, "region"));
    const compare = named(document, "compare");
    const only = [...document.querySelectorAll("[data-only]")];
    this.compare = new Compare(this, { ...compare, only, edges: [compare.edge1, compare.edge2] });
    this.tools = new Tools(this, [...document.querySelectorAll("[data-tool]")].filter((one) => one.matches("button")));
    this.controls = new Controls(this, byId("workbench"));
    this.header = new Header(this, named(document, "header"));
    stage.addEventListener("view", () => { this.changed(); this.readout.settle(); this.charts(); });
  }

  get current() { return this.styles[this.stage.frame.plane]; }

  // A frame with the image's own pixels, which catalogs and the mask are in.
  get own() {
    return OWN_GRID.map((name) => this.frames.get(name)).find(Boolean) ?? null;
  }

  // The frame of a plane of this image, or of another epoch by its pid; loaded once.
  async frameOf(key) {
    const plane = this.data.planes.find((one) => one.name === key);
    const epoch = this.data.epochs.find((one) => one.pid === key);
    if (!this.frames.has(key)) {
      const label = plane?.label ?? epoch.label;
      const image = await load(this.JS9, `${this.data.pid}-${key}`, (plane ?? epoch).url, (share) => this.progress(label, share))
        .catch((error) => { throw Object.assign(error, { message: `${label}: ${error.message}` }); });
      this.stage.restore();
      this.frames.set(key, new Frame(this.JS9, image, { key, label: plane && key === "science" ? this.ownLabel : label, plane: plane ? key : "science" }));
      this.progress("");
      this.forget(key);
    }
    return this.frames.get(key);
  }

  // Of too many images those go that came first and are not shown; the image's own planes stay.
  forget(latest) {
    const used = [latest, this.stage.frame?.key, ...(this.compare.pids ?? []), ...this.data.planes.map((one) => one.name)];
    for (const [key, frame] of this.frames) {
      if (this.frames.size <= MOST_KEPT || used.includes(key)) continue;
      frame.image.closeImage();
      this.frames.delete(key);
      this.stage.restore();
    }
  }

  get ownLabel() { return `Science, ${this.data.epochs.find((one) => one.own)?.label ?? ""}`; }

  async showPlane(name) {
    const turn = (this.turn = (this.turn ?? 0) + 1);
    try {
      const frame = await this.frameOf(name);
      if (!OWN_GRID.includes(name) && !this.own) await this.frameOf("science");
      if (turn !== this.turn) return;
      this.styles[name] ??= usual(name);
      const before = this.stage.frame;
      if (before && before !== frame) this.regions.carry(before, frame);
      this.stage.show(frame, this.styles[name]);
      if (before && before !== frame) this.say(`${frame.label} is shown`);
      this.regions.refresh();
      this.changed();
    } catch (error) {
      this.fail(error);
    }
  }

  style(changes) {
    this.styles[this.stage.frame.plane] = { ...this.current, ...changes };
    this.stage.restyle(this.current);
    this.changed();
  }

  changed() {
    if (this.began) this.address.later();
  }

  toMiddle() {
    if (this.readout.cross) this.stage.look(this.readout.cross);
  }

  pickAtCross() {
    const { cross } = this.readout;
    const at = this.stage.shown.pixel(cross.ra, cross.dec);
    const { x, y } = this.stage.place(at.x, at.y, this.stage.shown);
    if (this.catalogs.pick(x, y)) byId("wb-card").querySelector("a, button").focus();
    else this.say("No source of the chosen catalogs here");
  }

  // Links to finding charts are of the crosshair, or of the middle of the view.
  charts() {
    const at = this.readout.cross ?? this.stage.centre;
    if (!at) return;
    for (const link of document.querySelectorAll("[data-chart]")) {
      link.search = new URLSearchParams({ ra: at.ra.toFixed(6), dec: at.dec.toFixed(6), size: byId("wb-chart-size").value });
    }
  }

  async answer(url, label) {
    return fetched(url).catch((error) => {
      throw Object.assign(error, { message: `${label}: ${error.message}` });
    });
  }

  async fetched(url, label) { return (await this.answer(url, label)).arrayBuffer(); }
  async json(url, label) { return (await this.answer(url, label)).json(); }

  progress(label, share = 0) {
    Bench.progress(label, share);
  }

  static progress(label, share = 0) {
    byId("wb-loading").hidden = !label;
    byId("wb-loading-name").textContent = label ? `Loading ${label}` : "";
    byId("wb-loading-bar").value = share;
  }

  say(text) {
    byId("wb-live").textContent = text;
  }

  fail(error) {
    this.progress("");
    say(byId("wb-said"), "", error);
    byId("wb-said").hidden = false;
    clearTimeout(this.silence);
    this.silence = setTimeout(() => (byId("wb-said").hidden = true), 12_000);
  }

  // What the page's address asks for.
  async begin() {
    const { state, planes } = this.data;
    const plane = state.plane ?? planes[0].name;
    this.styles[plane] = styleOf(state, plane);
    this.stage.north = Boolean(state.north);
    await this.showPlane(plane);
    if (!this.stage.frame) return;
    if (state.ra !== undefined) {
      this.stage.centre = { ra: state.ra, dec: state.dec };
      this.readout.point(this.stage.centre);
    }
    if (state.zoom !== undefined) this.stage.zoom = state.zoom;
    else if (state.ra !== undefined) this.stage.zoom = Math.max(1, this.stage.zoom);
    this.stage.redraw();
    byId("wb-preview").hidden = true;
    document.body.dataset.workbench = "ready";
    await Promise.all([this.catalogs.choose(state.layers ?? []), this.mask.choose(state.mask ?? [])]);
    if (state.mode && state.mode !== "single") await this.compare.choose(state.mode, (state.epochs ?? []).map(String));
    this.began = true;
  }
}

function stageIsReady() {
  const root = byId("workbench");
  for (const part of root.querySelectorAll("[data-tools]")) part.dataset.tools = "ready";
  const display = byId("JS9");
  const stage = byId("wb-stage");
  display.dataset.width = `${stage.clientWidth}px`;
  display.dataset.height = `${stage.clientHeight}px`;
  return stage;
}

const data = JSON.parse(byId("workbench-data").textContent);
try {
  const stage = stageIsReady();
  const first = data.planes.find((one) => one.name === data.state.plane) ?? data.planes[0];
  begin(first.url, (share) => Bench.progress(first.label, share)); // while JS9 itself is coming
  const JS9 = await start(JSON.parse(byId("js9-files").textContent));
  const bench = new Bench(data, JS9, new Stage(stage, JS9));
  byId("wb-chart-size").addEventListener("change", () => bench.charts());
  stage.addEventListener("click", () => stage.focus({ preventScroll: true }));
  window.workbench = bench; // for those who type into the browser's console
  await bench.begin();
} catch (error) {
  for (const part of byId("workbench").querySelectorAll("[data-tools]")) part.hidden = true;
  byId("wb-said").textContent = `The viewer cannot start (${error.message ?? error}). The picture, the facts and the files below are the same image.`;
  byId("wb-said").hidden = false;
}
