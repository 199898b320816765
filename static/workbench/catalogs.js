// Catalogs over the image: all sources on one canvas, the values of one under the pointer, a card with its page.

import { fixed, thousands } from "../ui/numbers.js";
import { apply, times } from "./frame.js";

// Each kind has a colour and a shape: colour alone tells nobody who does not see it.
export const LOOKS = {
  psf: { colour: "#4ade80", shape: "circle", size: 7 },
  aperture: { colour: "#facc15", shape: "square", size: 8 },
  objects: { colour: "#38bdf8", shape: "diamond", size: 8 },
  alerts: { colour: "#fb7185", shape: "triangle", size: 9 },
  moving: { colour: "#c084fc", shape: "cross", size: 9 },
  gaia: { colour: "#e2e8f0", shape: "plus", size: 6 },
  ps1: { colour: "#fb923c", shape: "circle", size: 4.5 },
};
const NEAR = 9; // screen pixels

const SHAPES = {
  circle(path, x, y, r) { path.moveTo(x + r, y); path.arc(x, y, r, 0, 2 * Math.PI); },
  square(path, x, y, r) { path.rect(x - r, y - r, 2 * r, 2 * r); },
  diamond(path, x, y, r) { path.moveTo(x, y - r); path.lineTo(x + r, y); path.lineTo(x, y + r); path.lineTo(x - r, y); path.closePath(); },
  triangle(path, x, y, r) { path.moveTo(x, y - r); path.lineTo(x + r, y + 0.8 * r); path.lineTo(x - r, y + 0.8 * r); path.closePath(); },
  cross(path, x, y, r) { path.moveTo(x - r, y - r); path.lineTo(x + r, y + r); path.moveTo(x + r, y - r); path.lineTo(x - r, y + r); },
  plus(path, x, y, r) { path.moveTo(x - r, y); path.lineTo(x + r, y); path.moveTo(x, y - r); path.lineTo(x, y + r); },
};

export class Catalogs {
  bench; list; card; table;
  shown = new Set(); layers = new Map(); drawn = 0; pinned = null;

  constructor(bench, list, card, table) {
    Object.assign(this, { bench, list, card, table });
    for (const kind of bench.data.kinds) this.offer(kind);
    bench.overlay.add((context) => this.paint(context));
    for (const name of ["view", "frame"]) bench.stage.addEventListener(name, () => this.move());
    table.closest("details").addEventListener("toggle", () => this.listed());
  }

  offer(kind) {
    const label = document.createElement("label");
    const box = Object.assign(document.createElement("input"), { type: "checkbox", value: kind.name });
    const count = Object.assign(document.createElement("small"), { className: "wb-count" });
    label.append(box, symbol(kind.name), `${kind.label} `, count);
    box.addEventListener("change", () => this.choose([...this.list.querySelectorAll(":checked")].map((one) => one.value)));
    this.list.append(label);
  }

  async choose(names) {
    const known = this.bench.data.kinds.map((one) => one.name);
    this.shown = new Set(names.filter((one) => known.includes(one)));
    for (const box of this.list.querySelectorAll("input")) box.checked = this.shown.has(box.value);
    this.bench.changed();
    await Promise.all([...this.shown].map((name) => this.come(name)));
    this.hide();
    this.listed();
    this.bench.overlay.ask();
  }

  async come(name) {
    if (this.layers.has(name)) return;
    const kind = this.bench.data.kinds.find((one) => one.name === name);
    try {
      const found = await this.bench.json(kind.url, kind.label);
      this.layers.set(name, found);
      this.list.querySelector(`[value="${name}"]`).parentElement.querySelector("small").textContent =
        `${found.complete ? "" : "brightest "}${thousands(found.count)}`;
    } catch (error) {
      this.shown.delete(name);
      this.list.querySelector(`[value="${name}"]`).checked = false;
      this.bench.fail(error);
    }
  }

  get map() {
    const { stage, own } = this.bench;
    return times(stage.shown.matrix, own.to(stage.shown));
  }

  get visible() {
    return [...this.shown].filter((name) => this.layers.has(name));
  }

  paint(context) {
    this.drawn = 0;
    if (!this.bench.own || !this.visible.length) return;
    const m = this.map;
    const { width, height } = this.bench.stage.size;
    for (const name of this.visible) {
      const { x, y } = this.layers.get(name).columns;
      const { colour, shape, size } = LOOKS[name];
      const r = size * Math.max(0.4, Math.min(1.6, Math.sqrt(this.bench.stage.zoom / 0.8)));
      context.beginPath();
      for (let n = 0; n < x.length; n++) {
        const [px, py] = [m[0] * x[n] + m[2] * y[n] + m[4], m[1] * x[n] + m[3] * y[n] + m[5]];
        if (px < -10 || py < -10 || px > width + 10 || py > height + 10) continue;
        SHAPES[shape](context, px, py, r);
        this.drawn += 1;
      }
      if (r > 4) {
        context.strokeStyle = "rgb(0 0 0 / .55)";
        context.lineWidth = 4;
        context.stroke();
      }
      context.strokeStyle = colour;
      context.lineWidth = r > 4 ? 2 : 1.4;
      context.stroke();
    }
    context.canvas.dataset.sources = this.drawn;
    if (this.pinned) this.ring(context, m);
  }

  ring(context, m) {
    const { columns } = this.layers.get(this.pinned.name);
    const at = apply(m, columns.x[this.pinned.row], columns.y[this.pinned.row]);
    context.beginPath();
    context.arc(at.x, at.y, 13, 0, 2 * Math.PI);
    context.strokeStyle = "#fff";
    context.lineWidth = 2;
    context.stroke();
  }

  // The nearest source to a point of the stage: {name, row}, or null.
  nearest(x, y) {
    if (!this.bench.own) return null;
    const m = this.map;
    let [best, found] = [NEAR * NEAR, null];
    for (const name of this.visible) {
      const { columns } = this.layers.get(name);
      for (let row = 0; row < columns.x.length; row++) {
        const dx = m[0] * columns.x[row] + m[2] * columns.y[row] + m[4] - x;
        const dy = m[1] * columns.x[row] + m[3] * columns.y[row] + m[5] - y;
        if (dx * dx + dy * dy < best) [best, found] = [dx * dx + dy * dy, { name, row }];
      }
    }
    return found;
  }

  hover(x, y) {
    if (this.pinned) return;
    const found = this.nearest(x, y);
    if (found) this.tell(found, false);
    else this.hide();
  }

  // Keeps the card of a source open, with the link to its page.
  pick(x, y) {
    const found = this.nearest(x, y);
    this.pinned = found;
    if (found) this.tell(found, true);
    else this.hide();
    this.bench.overlay.ask();
    return found !== null;
  }

  tell({ name, row }, pinned) {
    const layer = this.layers.get(name);
    const { columns } = layer;
    const heading = Object.assign(document.createElement("strong"), { textContent: layer.label });
    const facts = document.createElement("dl");
    for (const [key, unit] of Object.entries(layer.units)) {
      if (!(key in columns)) continue;
      facts.append(Object.assign(document.createElement("dt"), { textContent: key }));
      facts.append(Object.assign(document.createElement("dd"), { textContent: written(columns[key][row], unit) }));
    }
    const link = columns.link && Object.assign(document.createElement("a"), { href: columns.link[row], textContent: "Open its page" });
    this.card.replaceChildren(heading, facts, ...(pinned && link ? [link] : []), ...(pinned ? [this.closing()] : []));
    this.at = { name, row };
    this.card.hidden = false;
    this.card.classList.toggle("wb-pinned", pinned);
    this.move();
  }

  closing() {
    const button = Object.assign(document.createElement("button"), { type: "button", className: "wb-close", textContent: "Close" });
    button.addEventListener("click", () => this.unpin());
    return button;
  }

  unpin() {
    this.pinned = null;
    this.hide();
    this.bench.overlay.ask();
  }

  move() {
    if (this.card.hidden || !this.at || !this.bench.own) return;
    const { columns } = this.layers.get(this.at.name);
    const { x, y } = apply(this.map, columns.x[this.at.row], columns.y[this.at.row]);
    const { width, height } = this.bench.stage.size;
    this.card.style.left = `${x > width - 230 ? x - 16 - this.card.offsetWidth : x + 16}px`;
    this.card.style.top = `${Math.max(4, Math.min(height - this.card.offsetHeight - 4, y - 20))}px`;
  }

  hide() {
    if (!this.pinned) this.card.hidden = true;
  }

  // The same as a table, for those who do not point: the brightest sources of the layers, with their pages.
  listed() {
    if (!this.table.closest("details").open) return;
    const rows = this.visible.flatMap((name) => {
      const { label, columns } = this.layers.get(name);
      return columns.x.slice(0, 25).map((x, row) => [label, columns.name?.[row] ?? row + 1, columns.mag?.[row], x, columns.y[row], columns.link?.[row]]);
    });
    this.table.tBodies[0].replaceChildren(...rows.map(([label, name, mag, x, y, link]) => {
      const row = document.createElement("tr");
      const cells = [label, link ? "" : name, fixed(mag, 2), fixed(x, 1), fixed(y, 1)].map((text) => Object.assign(document.createElement("td"), { textContent: text }));
      if (link) cells[1].append(Object.assign(document.createElement("a"), { href: link, textContent: name }));
      row.append(...cells);
      return row;
    }));
  }
}

function written(value, unit) {
  if (value === null || value === undefined) return "none";
  const text = typeof value === "number" ? (Number.isInteger(value) ? String(value) : fixed(value, 3)) : value;
  return unit ? `${text} ${unit}` : text;
}

// The symbol of a kind, as in the image, for the list.
function symbol(name) {
  const canvas = Object.assign(document.createElement("canvas"), { width: 40, height: 40, className: "wb-symbol" });
  canvas.setAttribute("aria-hidden", "true");
  const context = canvas.getContext("2d");
  const { colour, shape, size } = LOOKS[name];
  context.beginPath();
  SHAPES[shape](context, 20, 20, Math.min(13, 1.7 * size));
  context.strokeStyle = colour;
  context.lineWidth = 3.5;
  context.stroke();
  return canvas;
}
