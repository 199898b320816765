// The pointer on the stage: pan, zoom, point, and the shapes that are drawn by dragging.

import { trace } from "./measure.js";

const STILL = 4; // screen pixels within which a press is a click
const WHEEL = 1.0015;

export class Tools {
  bench; buttons;
  tool = "pan"; press = null; corners = []; pointers = new Map();

  constructor(bench, buttons) {
    Object.assign(this, { bench, buttons });
    const { element } = bench.stage;
    for (const button of buttons) button.addEventListener("click", () => this.choose(button.dataset.tool));
    element.addEventListener("pointerdown", (event) => this.down(event));
    element.addEventListener("pointermove", (event) => this.move(event));
    window.addEventListener("pointerup", (event) => this.up(event));
    window.addEventListener("pointercancel", (event) => this.cancel(event));
    element.addEventListener("pointerleave", () => this.leave());
    element.addEventListener("wheel", (event) => this.wheel(event), { passive: false });
    element.addEventListener("dblclick", () => this.finish());
    bench.overlay.add((context) => this.paint(context));
  }

  choose(tool) {
    this.tool = tool;
    this.corners = [];
    this.press = null;
    for (const button of this.buttons) button.setAttribute("aria-pressed", String(button.dataset.tool === tool));
    this.bench.stage.element.dataset.tool = tool;
    this.bench.overlay.ask();
  }

  at(event) {
    const box = this.bench.stage.element.getBoundingClientRect();
    return { x: event.clientX - box.left, y: event.clientY - box.top };
  }

  // Regions belong to JS9's own frame, measurements to the one that is seen.
  pixel(at, frame = this.bench.stage.shown) {
    return this.bench.stage.pixel(at.x, at.y, frame);
  }

  down(event) {
    if (!this.bench.stage.frame || event.button > 0 || event.target.closest(".wb-card")) return;
    const at = this.at(event);
    this.pointers.set(event.pointerId, at);
    if (this.pointers.size === 2) return this.pinch();
    const { stage, compare } = this.bench;
    this.press = { at, now: at, centre: { ...stage.centre }, edge: compare.edgeAt(at.x), moved: false };
  }

  pinch() {
    const [a, b] = [...this.pointers.values()];
    this.press = null;
    this.squeeze = { apart: Math.hypot(a.x - b.x, a.y - b.y), zoom: this.bench.stage.zoom };
  }

  move(event) {
    const { stage, compare, catalogs, readout } = this.bench;
    if (!stage.frame) return;
    const at = this.at(event);
    if (this.pointers.has(event.pointerId)) this.pointers.set(event.pointerId, at);
    if (this.squeeze && this.pointers.size === 2) {
      const [a, b] = [...this.pointers.values()];
      return stage.zoomTo((this.squeeze.zoom * Math.hypot(a.x - b.x, a.y - b.y)) / this.squeeze.apart, { x: (a.x + b.x) / 2, y: (a.y + b.y) / 2 });
    }
    const pixel = this.pixel(at);
    readout.show(pixel.x, pixel.y);
    if (!this.press) {
      if (event.pointerType === "mouse") catalogs.hover(at.x, at.y);
      if (this.corners.length) this.trail = at, this.bench.overlay.ask();
      return;
    }
    this.press.now = at;
    this.press.moved ||= Math.hypot(at.x - this.press.at.x, at.y - this.press.at.y) > STILL;
    if (!this.press.moved || stage.frame.image.clickInRegion) return;
    if (this.press.edge >= 0) return compare.move(this.press.edge, at.x / stage.size.width);
    if (this.tool === "pan") return this.later(() => stage.drag(this.press.centre, at.x - this.press.at.x, at.y - this.press.at.y));
    this.bench.overlay.ask();
  }

  // Many moves come between two frames of the screen; the last one counts.
  later(act) {
    const asked = this.act !== undefined;
    this.act = act;
    if (asked) return;
    requestAnimationFrame(() => {
      const last = this.act;
      this.act = undefined;
      if (this.press) last();
    });
  }

  up(event) {
    const known = this.pointers.delete(event.pointerId);
    if (this.pointers.size < 2) this.squeeze = null;
    const { press } = this;
    if (!known || !press) return;
    this.press = null;
    const { stage, regions } = this.bench;
    if (stage.frame.image.clickInRegion) {
      setTimeout(() => regions.refresh());
      return;
    }
    if (this.tool === "polygon" && !press.moved) {
      this.corners.push(this.pixel(press.at, stage.frame));
      this.trail = press.at;
    } else if (!press.moved) {
      this.click(press.at);
    } else if (this.tool !== "pan" && press.edge < 0) {
      const frame = this.tool === "line" ? stage.shown : stage.frame;
      this.draw(this.pixel(press.at, frame), this.pixel(press.now, frame));
    }
    this.bench.overlay.ask();
  }

  cancel(event) {
    this.pointers.delete(event.pointerId);
    this.press = this.squeeze = null;
  }

  click(at) {
    const { catalogs, readout, stage } = this.bench;
    if (catalogs.pick(at.x, at.y)) return;
    const pixel = this.pixel(at);
    readout.point(stage.shown.sky(pixel.x, pixel.y), pixel);
    this.bench.charts();
  }

  leave() {
    this.bench.catalogs.hide();
    this.bench.readout.settle();
  }

  wheel(event) {
    if (!this.bench.stage.frame) return;
    event.preventDefault();
    const { stage } = this.bench;
    stage.zoomTo(stage.zoom * WHEEL ** -event.deltaY, this.at(event));
  }

  // A shape between two pixels.
  draw(a, b) {
    const { regions, measures } = this.bench;
    const [dx, dy] = [b.x - a.x, b.y - a.y];
    const round = (value) => value.toFixed(3);
    if (this.tool === "line") return measures.between(a, b);
    const text = {
      circle: () => `circle(${round(a.x)}, ${round(a.y)}, ${round(Math.hypot(dx, dy))})`,
      box: () => `box(${round(a.x + dx / 2)}, ${round(a.y + dy / 2)}, ${round(Math.abs(dx))}, ${round(Math.abs(dy))}, 0)`,
      segment: () => `line(${round(a.x)}, ${round(a.y)}, ${round(b.x)}, ${round(b.y)})`,
    }[this.tool];
    if (text) this.made(regions.add(`image; ${text()}`));
  }

  made(region) {
    this.choose("pan");
    if (region) this.bench.regions.measure(region.id);
  }

  // Closes the polygon that is being drawn.
  finish() {
    if (this.tool !== "polygon") return;
    const corners = this.corners.filter((one, n, all) => !n || Math.hypot(one.x - all[n - 1].x, one.y - all[n - 1].y) > 0.01);
    if (corners.length < 3) return this.bench.say("A polygon needs three corners");
    this.made(this.bench.regions.add(`image; polygon(${corners.map((one) => `${one.x.toFixed(3)}, ${one.y.toFixed(3)}`).join(", ")})`));
  }

  paint(context) {
    const { stage } = this.bench;
    if (this.corners.length) {
      const points = this.corners.map((one) => stage.place(one.x, one.y, stage.frame));
      trace(context, this.trail ? [...points, this.trail] : points);
    }
    if (!this.press?.moved || this.tool === "pan" || this.tool === "polygon" || this.press.edge >= 0) return;
    const { at, now } = this.press;
    if (this.tool === "box") trace(context, [at, { x: now.x, y: at.y }, now, { x: at.x, y: now.y }], true);
    else if (this.tool === "circle") {
      const r = Math.hypot(now.x - at.x, now.y - at.y);
      trace(context, Array.from({ length: 48 }, (_, n) => ({ x: at.x + r * Math.cos((n * Math.PI) / 24), y: at.y + r * Math.sin((n * Math.PI) / 24) })), true);
    } else trace(context, [at, now]);
  }
}
