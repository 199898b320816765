// The value and position under the pointer or the crosshair, in several frames of the sky.

import { degrees, galactic, hours } from "./sky.js";

export class Readout {
  bench; live;
  cross = null;

  constructor(bench, place, live) {
    Object.assign(this, { bench, live });
    this.parts = Object.fromEntries([...place.querySelectorAll("[data-read]")].map((one) => [one.dataset.read, one]));
    bench.overlay.add((context) => this.paint(context));
  }

  // What is at a pixel (from 1) of the frame that is shown.
  of(x, y) {
    const { shown } = this.bench.stage;
    const sky = shown.sky(x, y);
    const value = shown.value(x, y);
    return { x, y, value, sky, galactic: sky && galactic(sky.ra, sky.dec) };
  }

  show(x, y) {
    const at = this.of(x, y);
    const text = this.texts(at);
    for (const [name, part] of Object.entries(this.parts)) part.textContent = text[name];
  }

  texts({ x, y, value, sky, galactic: at }) {
    return {
      value: value === undefined ? "outside" : Number.isFinite(value) ? Number(value.toPrecision(7)).toString() : "no value",
      pixel: `${x.toFixed(2)}, ${y.toFixed(2)}`,
      degrees: sky ? `${sky.ra.toFixed(6)}, ${sky.dec.toFixed(6)}` : "",
      sexagesimal: sky ? `${hours(sky.ra)} ${degrees(sky.dec)}` : "",
      galactic: at ? `${at.l.toFixed(5)}, ${at.b.toFixed(5)}` : "",
    };
  }

  // The pixel of the crosshair in the frame that is seen: as it was pointed at there, elsewhere by the sky.
  get pixel() {
    const { shown } = this.bench.stage;
    const { cross } = this;
    return cross.of === shown.key ? { x: cross.x, y: cross.y } : shown.pixel(cross.ra, cross.dec);
  }

  // Puts the crosshair at a place on the sky, which may be known as a pixel; said aloud when keys move it.
  point(sky, pixel = null, aloud = false) {
    const { shown } = this.bench.stage;
    this.cross = sky && { ...sky, ...(pixel && { x: pixel.x, y: pixel.y, of: shown.key }) };
    this.settle();
    if (aloud && sky) {
      const { x, y } = this.pixel;
      const text = this.texts(this.of(x, y));
      this.live.textContent = `Value ${text.value}, pixel ${text.pixel}, ${text.degrees} degrees`;
    }
    this.bench.overlay.ask();
  }

  // With no pointer on the stage the readout is the crosshair's, or the middle's.
  settle() {
    const { stage } = this.bench;
    if (!stage.frame) return;
    const { width, height } = stage.size;
    const at = this.cross ? this.pixel : stage.pixel(width / 2, height / 2, stage.shown);
    this.show(at.x, at.y);
  }

  step(dx, dy) {
    const { stage } = this.bench;
    const { width, height } = stage.size;
    const { shown } = stage;
    const from = this.cross ? this.pixel : stage.pixel(width / 2, height / 2, shown);
    const at = this.cross ? { x: from.x + dx, y: from.y + dy } : { x: Math.round(from.x) + dx, y: Math.round(from.y) + dy };
    const sky = shown.sky(at.x, at.y);
    if (!sky) return;
    this.point(sky, at, true);
    const seen = stage.place(at.x, at.y, shown);
    if (seen.x < 0 || seen.y < 0 || seen.x > width || seen.y > height) stage.look(sky);
  }

  paint(context) {
    if (!this.cross) return;
    const { stage } = this.bench;
    const { x, y } = stage.place(this.pixel.x, this.pixel.y, stage.shown);
    const arms = [[8, 0, 26, 0], [-8, 0, -26, 0], [0, 8, 0, 26], [0, -8, 0, -26]];
    for (const [colour, width] of [["rgb(0 0 0 / .7)", 5], ["#ff4d6d", 3]]) {
      context.beginPath();
      for (const [x1, y1, x2, y2] of arms) { context.moveTo(x + x1, y + y1); context.lineTo(x + x2, y + y2); }
      context.strokeStyle = colour;
      context.lineWidth = width;
      context.stroke();
    }
  }
}
