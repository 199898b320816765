// Measurements on the page: ruler, line cut, statistics of an area, curve of growth.

import { growth, inCircle, lineCut, statistics, values } from "./measures.js";
import { plot } from "./plot.js";
import { angle, positionAngle, separation } from "./sky.js";

const number = (value) => (Math.abs(value) >= 1e6 || (value && Math.abs(value) < 1e-3) ? value.toExponential(5) : Number(value.toPrecision(8)).toString());

export class Measures {
  bench; parts;
  line = null; start = null;

  constructor(bench, parts) {
    Object.assign(this, { bench, parts });
    bench.overlay.add((context) => this.paint(context));
    parts.circle.addEventListener("click", () => this.aboutCross("area"));
    parts.growth.addEventListener("click", () => this.aboutCross("growth"));
    parts.from.addEventListener("click", () => this.begin());
    parts.to.addEventListener("click", () => this.end());
  }

  // What is measured where the crosshair stands: all of this without a pointer.
  aboutCross(what) {
    const at = this.cross();
    const radius = Number(this.parts.radius.value);
    if (!at) return;
    if (!(radius > 0 && radius <= 500)) return this.bench.fail(new Error(`Radius=${this.parts.radius.value}: give pixels, more than 0 and at most 500`));
    if (what === "growth") return this.growth(at.x, at.y, Math.max(3, Math.round(radius)));
    const box = [at.x - radius, at.y - radius, at.x + radius, at.y + radius];
    this.area(`circle of ${radius} px`, statistics(values(this.bench.stage.shown, inCircle(at.x, at.y, radius), box)));
  }

  cross() {
    const { cross } = this.bench.readout;
    if (!cross) {
      this.bench.fail(new Error("No crosshair yet: click on the image, or move it with the arrow keys"));
      return null;
    }
    return this.bench.readout.pixel;
  }

  begin() {
    const { cross } = this.bench.readout;
    if (this.cross()) {
      this.start = cross;
      this.bench.say("The line begins here. Move the crosshair and choose To the crosshair.");
    }
  }

  end() {
    if (!this.start) return this.bench.fail(new Error("No beginning yet: choose From the crosshair first"));
    if (!this.cross()) return;
    const { shown } = this.bench.stage;
    this.between(shown.pixel(this.start.ra, this.start.dec), this.cross());
  }

  // Distance and position angle of two pixels, and the values between them.
  between(a, b) {
    const { shown } = this.bench.stage;
    const [from, to] = [shown.sky(a.x, a.y), shown.sky(b.x, b.y)];
    if (!from || !to) return this.bench.fail(new Error("This image has no coordinates to measure in"));
    this.line = { from, to };
    this.bench.overlay.ask();
    const apart = separation(from, to);
    const facts = { Distance: angle(apart), "Position angle": `${positionAngle(from, to).toFixed(2)}°`, Pixels: Math.hypot(b.x - a.x, b.y - a.y).toFixed(2) };
    const cut = lineCut(shown, a, b).map((one) => [one.distance, one.value]);
    this.show("Line", facts, cut.length > 1 ? plot(cut, { x: "pixels along the line", y: this.unit, title: "Line cut" }) : null);
    this.parts.result.dataset.arcsec = String(apart * 3600);
  }

  get unit() {
    const text = this.bench.stage.shown.image.raw.header.BUNIT;
    return typeof text === "string" && text.trim() ? text.trim() : "value";
  }

  area(name, found) {
    if (!found.n) return this.show(`Area: ${name}`, { Pixels: "0" });
    const arcsec = this.bench.stage.shown.scale ** 2 * found.n;
    this.show(`Area: ${name}`, {
      Pixels: String(found.n), Area: `${arcsec.toFixed(2)} arcsec²`, Sum: number(found.sum), Mean: number(found.mean), Median: number(found.median),
      "Standard deviation": number(found.deviation), Least: number(found.least), Greatest: number(found.greatest),
    });
    this.parts.result.dataset.statistics = JSON.stringify(found);
  }

  growth(x, y, radius, more = false) {
    const found = growth(this.bench.stage.shown, x, y, radius);
    const facts = { Sky: number(found.sky), [`Flux within ${radius} px`]: number(found.total), "Half-light radius": Number.isFinite(found.half) ? `${found.half.toFixed(2)} px, ${(found.half * this.bench.stage.shown.scale).toFixed(2)}″` : "none" };
    const drawn = plot([[0, 0], ...found.points.map((one) => [one.radius, one.flux])], { x: "radius, pixels", y: "flux above sky", title: "Curve of growth" });
    this.show("Curve of growth", facts, drawn, more);
    this.parts.result.dataset.growth = JSON.stringify(found);
  }

  show(title, facts, drawing = null, more = false) {
    const heading = Object.assign(document.createElement("h3"), { textContent: title });
    const list = document.createElement("dl");
    for (const [name, value] of Object.entries(facts)) {
      list.append(Object.assign(document.createElement("dt"), { textContent: name }), Object.assign(document.createElement("dd"), { textContent: value }));
    }
    const parts = [heading, list, ...(drawing ? [drawing] : [])];
    if (more) this.parts.result.append(...parts);
    else this.parts.result.replaceChildren(...parts);
    this.parts.result.closest("details").open = true;
  }

  paint(context) {
    if (!this.line) return;
    const { stage } = this.bench;
    const [a, b] = [this.line.from, this.line.to].map((sky) => {
      const { x, y } = stage.shown.pixel(sky.ra, sky.dec);
      return stage.place(x, y, stage.shown);
    });
    trace(context, [a, b]);
  }
}

// A line over the image that is seen on black and on white.
export function trace(context, points, closed = false) {
  for (const [colour, width] of [["rgb(0 0 0 / .7)", 4], ["#fde047", 2]]) {
    context.beginPath();
    points.forEach(({ x, y }, n) => (n ? context.lineTo(x, y) : context.moveTo(x, y)));
    if (closed) context.closePath();
    context.strokeStyle = colour;
    context.lineWidth = width;
    context.stroke();
  }
}
