// The mask's bits by name, each in a colour of its own, over the image.

import { thousands } from "../ui/numbers.js";
import { integers } from "./fits.js";
import { times } from "./frame.js";

// Colours that stay apart for eyes that tell red and green badly (Okabe and Ito), and darker ones of the same hues.
export const COLOURS = {
  saturated: "#d55e00", ghost: "#56b4e9", "psf-source": "#f0e442", sextractor: "#009e73", halo: "#cc79a7",
  spike: "#e69f00", dead: "#ff4d6d", nan: "#b388ff", noisy: "#8bc34a", track: "#00bcd4", spillage: "#7986cb",
  "low-response": "#a1887f", "high-response": "#90a4ae",
};
const ALPHA = 150;

export class Mask {
  bench; list; said;
  shown = new Set(); mask = null; sheet = null;

  constructor(bench, list, said) {
    Object.assign(this, { bench, list, said });
    this.url = bench.data.planes.find((one) => one.name === "mask")?.url;
    if (this.url) this.offer();
    bench.overlay.add((context) => this.paint(context));
  }

  offer() {
    for (const bit of this.bench.data.bits) {
      const label = document.createElement("label");
      const box = Object.assign(document.createElement("input"), { type: "checkbox", value: bit.name });
      const swatch = Object.assign(document.createElement("span"), { className: "wb-swatch" });
      swatch.style.background = COLOURS[bit.name];
      const count = Object.assign(document.createElement("small"), { className: "wb-count" });
      label.append(box, swatch, `${bit.label} `, count);
      box.addEventListener("change", () => this.choose([...this.list.querySelectorAll(":checked")].map((one) => one.value)));
      this.list.append(label);
    }
  }

  async choose(names) {
    if (!this.url) return;
    this.shown = new Set(names);
    for (const box of this.list.querySelectorAll("input")) box.checked = this.shown.has(box.value);
    this.bench.changed();
    if (!names.length) {
      this.sheet = null;
      return this.bench.overlay.ask();
    }
    try {
      this.mask ??= integers(await this.bench.fetched(this.url, "the mask"));
    } catch (error) {
      return this.bench.fail(error);
    }
    this.count();
    this.colour();
    this.bench.overlay.ask();
  }

  // How many pixels have each bit.
  count() {
    if (this.counts) return;
    this.counts = new Array(32).fill(0);
    for (const value of this.mask.values) for (let rest = value, bit = 0; rest; rest >>>= 1, bit++) this.counts[bit] += rest & 1;
    for (const box of this.list.querySelectorAll("input")) {
      const { bit } = this.bench.data.bits.find((one) => one.name === box.value);
      box.parentElement.querySelector("small").textContent = `${thousands(this.counts[bit])} px`;
    }
  }

  // A pixel with several of the bits has the colour of the first in the list.
  colour() {
    const { width, height, values } = this.mask;
    const chosen = this.bench.data.bits.filter((one) => this.shown.has(one.name));
    const all = chosen.reduce((sum, one) => sum | (1 << one.bit), 0);
    const colours = new Map(chosen.map((one) => [1 << one.bit, abgr(COLOURS[one.name])]));
    const order = [...colours.keys()];
    const picture = new ImageData(width, height);
    const words = new Uint32Array(picture.data.buffer);
    for (let n = 0; n < values.length; n++) {
      if (values[n] & all) words[n] = colours.get(order.find((bit) => values[n] & bit));
    }
    this.sheet = new OffscreenCanvas(width, height);
    this.sheet.getContext("2d").putImageData(picture, 0, 0);
  }

  paint(context) {
    const { stage } = this.bench;
    if (!this.sheet || !this.bench.own) return;
    const map = times(stage.shown.matrix, this.bench.own.to(stage.shown));
    context.save();
    context.imageSmoothingEnabled = false;
    context.transform(...map);
    context.drawImage(this.sheet, 0.5, 0.5); // row 1 is the first: the map turns it upright
    context.restore();
  }
}

function abgr(colour) {
  const [red, green, blue] = [1, 3, 5].map((at) => parseInt(colour.slice(at, at + 2), 16));
  return ((ALPHA << 24) | (blue << 16) | (green << 8) | red) >>> 0;
}
