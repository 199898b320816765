// DS9 regions: JS9 draws, moves and reads them; the list, their statistics and the file are here.

import { inBox, inCircle, inPolygon, statistics, values } from "./measures.js";

const SHAPES = ["circle", "box", "ellipse", "annulus", "polygon", "line", "point", "text"];
const FRAMES = ["image", "physical", "icrs", "fk5", "fk4", "j2000", "galactic", "ecliptic", "linear"];
const KNOWN = new RegExp(`^[+-]?(${SHAPES.join("|")})\\s*[( ]`, "i");

// The first line that is no region, so that nothing of a file is left out in silence; null for none.
export function unreadable(text) {
  for (const [n, line] of text.split(/\r?\n/).entries()) {
    for (const part of line.replace(/#.*/, "").split(";").map((one) => one.trim()).filter(Boolean)) {
      const word = part.toLowerCase();
      if (FRAMES.includes(word) || word.startsWith("global") || KNOWN.test(part)) continue;
      return `line ${n + 1}: ${JSON.stringify(part.slice(0, 60))} is no region that can be drawn here; give ${SHAPES.join(", ")}`;
    }
  }
  return null;
}

export class Regions {
  bench; parts;
  count = 0;

  constructor(bench, parts) {
    Object.assign(this, { bench, parts });
    parts.file.addEventListener("change", () => this.load());
    parts.save.addEventListener("click", () => this.save());
    parts.clear.addEventListener("click", () => this.clear());
  }

  get image() { return this.bench.stage.frame.image; }
  get all() { return this.bench.stage.frame ? this.image.getShapes("regions", "all") ?? [] : []; }

  add(text) {
    this.image.addShapes("regions", text);
    this.refresh();
    return this.all.at(-1);
  }

  async load() {
    const [file] = this.parts.file.files;
    if (!file) return;
    const text = await file.text();
    this.parts.file.value = "";
    const fault = unreadable(text);
    if (fault) return this.bench.fail(new Error(`${file.name}, ${fault}`));
    const before = this.all.length;
    try {
      this.add(text);
    } catch (error) {
      return this.bench.fail(new Error(`${file.name}: ${error.message}`));
    }
    this.bench.say(`${this.all.length - before} regions from ${file.name}`);
  }

  // A file as DS9 writes it, in ICRS.
  text() {
    return `# Region file format: DS9 version 4.1\nicrs\n${this.all.map((one) => this.written(one)).join("\n")}\n`;
  }

  written(region) {
    return (region.wcsstr ?? region.imstr).replace(/^[^;]*;\s*/, "").replace(/\s*\{.*$/, "");
  }

  save() {
    const address = URL.createObjectURL(new Blob([this.text()], { type: "text/plain" }));
    Object.assign(document.createElement("a"), { href: address, download: `${this.bench.data.pid}.reg` }).click();
    setTimeout(() => URL.revokeObjectURL(address), 10_000);
  }

  clear() {
    this.image.removeShapes("regions", "all");
    this.refresh();
  }

  // The regions of one image on another, by their places on the sky.
  carry(from, to) {
    const found = from.image.getShapes("regions", "all") ?? [];
    to.image.removeShapes("regions", "all");
    if (found.length) to.image.addShapes("regions", `icrs\n${found.map((one) => this.written(one)).join("\n")}`);
  }

  refresh() {
    const found = this.all;
    this.parts.save.disabled = this.parts.clear.disabled = !found.length;
    this.parts.list.replaceChildren(...found.map((region) => this.item(region)));
  }

  item(region) {
    const item = document.createElement("li");
    const name = Object.assign(document.createElement("code"), { textContent: this.written(region) });
    /** @type {[string, () => void][]} */
    const actions = [["Statistics", () => this.measure(region.id)], ["Remove", () => {
      this.image.removeShapes("regions", region.id);
      this.refresh();
    }]];
    const buttons = actions.map(([text, act], n) => {
      const button = Object.assign(document.createElement("button"), { type: "button", textContent: text });
      button.setAttribute("aria-label", `${text}: ${region.shape} ${region.id}`);
      button.hidden = n === 0 && !this.area(region);
      button.addEventListener("click", act);
      return button;
    });
    item.append(name, ...buttons);
    return item;
  }

  // What lies in a region, and a box about it; null where it has no area that is measured here.
  area(region) {
    const { x, y } = region;
    switch (region.shape) {
      case "circle": return [inCircle(x, y, region.radius), [x - region.radius, y - region.radius, x + region.radius, y + region.radius]];
      case "box": {
        const reach = Math.hypot(region.width, region.height) / 2;
        return [inBox(x, y, region.width, region.height, region.angle ?? 0), [x - reach, y - reach, x + reach, y + reach]];
      }
      case "polygon": {
        const [xs, ys] = [region.pts.map((one) => one.x), region.pts.map((one) => one.y)];
        return [inPolygon(region.pts), [Math.min(...xs), Math.min(...ys), Math.max(...xs), Math.max(...ys)]];
      }
      default: return null;
    }
  }

  measure(id) {
    const region = this.all.find((one) => one.id === id);
    const area = region && this.area(region);
    if (!area) return;
    const found = statistics(values(this.bench.stage.frame, ...area));
    this.bench.measures.area(region.shape, found);
    if (region.shape === "circle") this.bench.measures.growth(region.x, region.y, Math.max(3, Math.ceil(region.radius)), true);
  }
}
