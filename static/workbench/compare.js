// Several frames at once, locked on the sky: epochs blinked, planes behind a curtain, three filters as colours.

import { alike, usual } from "./stretch.js";

const [USUAL_EPOCHS, MOST_EPOCHS] = [4, 12]; // no more than an address may name
const COLOURS = ["red", "green", "blue"];
const ORDER = { red: ["zi", "zr", "zg"], green: ["zr", "zg", "zi"], blue: ["zg", "zr", "zi"] };
const GRAB = 10; // screen pixels about the curtain's edge

export class Compare {
  bench; parts;
  mode = "single"; frames = []; index = 0; timer = 0; drawings = new Map(); edges = [1 / 3, 2 / 3]; asked = 0;

  constructor(bench, parts) {
    Object.assign(this, { bench, parts });
    this.offerEpochs();
    this.offerColours();
    for (const name of ["view", "frame", "style"]) bench.stage.addEventListener(name, () => this.ask());
    parts.mode.addEventListener("change", () => this.choose(parts.mode.value));
    parts.play.addEventListener("click", () => this.play(!this.timer));
    parts.previous.addEventListener("click", () => this.step(-1));
    parts.next.addEventListener("click", () => this.step(1));
    parts.rate.addEventListener("change", () => this.timer && this.play(true));
    parts.edges.forEach((slider, n) => slider.addEventListener("input", () => this.move(n, Number(slider.value) / 100)));
  }

  get epochs() { return this.bench.data.epochs; }
  get own() { return this.epochs.find((one) => one.own); }

  offerEpochs() {
    const { list } = this.parts;
    for (const epoch of this.epochs) {
      const label = document.createElement("label");
      const box = Object.assign(document.createElement("input"), { type: "checkbox", value: epoch.pid });
      const name = Object.assign(document.createElement("span"), { textContent: epoch.label, className: epoch.filter });
      label.append(box, name, Object.assign(document.createElement("small"), { className: "wb-count", textContent: epoch.own ? "this image" : epoch.seeing ? `${epoch.seeing.toFixed(1)}″` : "" }));
      box.addEventListener("change", () => {
        const pids = [...list.querySelectorAll(":checked")].map((one) => one.value);
        if (pids.length <= MOST_EPOCHS) return this.choose("blink", pids);
        box.checked = false;
        this.bench.fail(new Error(`At most ${MOST_EPOCHS} epochs blink at a time`));
      });
      list.append(label);
    }
  }

  offerColours() {
    for (const colour of COLOURS) {
      const select = this.parts[colour];
      for (const epoch of this.epochs) select.append(new Option(epoch.label, epoch.pid));
      select.addEventListener("change", () => this.choose("rgb", COLOURS.map((one) => this.parts[one].value)));
    }
  }

  // The epochs that are blinked where nobody chose: this one, and those nearest in time in its filter.
  usualEpochs() {
    const same = this.epochs.filter((one) => one.filter === this.own.filter);
    const at = same.indexOf(this.own);
    const first = Math.max(0, Math.min(at - 1, same.length - USUAL_EPOCHS));
    return same.slice(first, first + USUAL_EPOCHS).map((one) => one.pid);
  }

  usualColours() {
    return COLOURS.map((colour) => {
      const code = ORDER[colour].find((one) => this.epochs.some((epoch) => epoch.filter === one));
      const of = this.epochs.filter((one) => one.filter === code);
      return (of.find((one) => one.own) ?? of[Math.floor(of.length / 2)]).pid;
    });
  }

  // Begins a mode; `pids` are the epochs of it. Whatever was begun before is given up.
  async choose(mode, pids = []) {
    const turn = ++this.asked;
    this.play(false);
    this.mode = mode;
    this.parts.mode.value = mode;
    for (const part of this.parts.only) part.hidden = part.dataset.only !== mode;
    const known = pids.filter((pid) => this.epochs.some((one) => one.pid === pid));
    const wrong = pids.find((pid) => !known.includes(pid));
    if (wrong) this.bench.fail(new Error(`epochs=${wrong}: no image of this field and quadrant that you may see`));
    this.pids = known.length ? known : mode === "blink" ? this.usualEpochs() : mode === "rgb" ? this.usualColours() : [];
    if (mode === "rgb") COLOURS.forEach((colour, n) => (this.parts[colour].value = this.pids[n % this.pids.length]));
    if (mode === "blink") for (const box of this.parts.list.querySelectorAll("input")) box.checked = this.pids.includes(box.value);
    this.bench.changed();
    try {
      const frames = await this.load(mode);
      if (turn !== this.asked) return;
      this.frames = frames;
      this.drawings.clear();
      this.index = Math.max(0, frames.findIndex((one) => one.key === "science"));
      this.render();
      if (mode === "blink" && frames.length > 1) this.play(true);
    } catch (error) {
      if (turn === this.asked) this.bench.fail(error);
    }
  }

  async load(mode) {
    const keys = mode === "curtain"
      ? ["science", "reference", "difference"].filter((name) => this.bench.data.planes.some((one) => one.name === name))
      : mode === "single" ? [] : this.pids.map((pid) => (pid === this.own.pid ? "science" : pid));
    const frames = [];
    for (const key of keys) frames.push(await this.bench.frameOf(key)); // one by one: each is some 40 MB
    this.parts.edges[1].parentElement.hidden = frames.length < 3;
    if (frames.length === 2 && mode === "curtain") this.edges = [0.5, 1];
    return frames;
  }

  // After the view or the style changed, the drawings are of no more use.
  ask() {
    this.drawings.clear();
    if (this.mode === "single" || this.waiting) return;
    this.waiting = true;
    requestAnimationFrame(() => {
      this.waiting = false;
      this.render();
    });
  }

  drawing(frame) {
    const { stage, styles } = this.bench;
    if (!this.drawings.has(frame.key)) {
      const name = frame.plane;
      const style = (name === "science" && stage.frame.plane !== "difference" && styles[stage.frame.plane]) || styles[name] || usual(name);
      const changed = this.mode === "rgb" ? { ...style, map: "grey", invert: false }
        : this.mode === "blink" ? alike(frame, this.frames[0], style) : style;
      this.drawings.set(frame.key, stage.drawing(frame, changed));
    }
    return this.drawings.get(frame.key);
  }

  render() {
    const { stage, overlay } = this.bench;
    const { sheet, caption } = this.parts;
    sheet.hidden = this.mode === "single" || !this.frames.length;
    stage.over = null;
    caption.hidden = sheet.hidden;
    if (sheet.hidden) return overlay.ask();
    const { width, height } = stage.size;
    Object.assign(sheet, { width, height });
    const context = sheet.getContext("2d");
    context.fillStyle = "#000";
    context.fillRect(0, 0, width, height);
    this[`draw_${this.mode}`](context, width, height);
    overlay.ask();
  }

  draw_blink(context) {
    const frame = this.frames[this.index % this.frames.length];
    context.drawImage(this.drawing(frame), 0, 0);
    this.bench.stage.over = frame;
    this.parts.caption.textContent = `${(this.index % this.frames.length) + 1} of ${this.frames.length}: ${frame.label}`;
    this.parts.sheet.dataset.shown = frame.key;
  }

  draw_curtain(context, width, height) {
    const edges = [0, ...this.edges.slice(0, this.frames.length - 1), 1];
    this.frames.forEach((frame, n) => {
      const [left, right] = [edges[n] * width, edges[n + 1] * width];
      if (right > left) context.drawImage(this.drawing(frame), left, 0, right - left, height, left, 0, right - left, height);
    });
    for (const edge of edges.slice(1, -1)) {
      context.fillStyle = "rgb(255 255 255 / .85)";
      context.fillRect(edge * width - 1, 0, 2, height);
      context.beginPath();
      context.arc(edge * width, height / 2, 9, 0, 2 * Math.PI);
      context.fill();
    }
    this.parts.caption.textContent = this.frames.map((one) => one.label).join(" | ");
    this.parts.edges.forEach((slider, n) => (slider.value = String(Math.round(100 * this.edges[n]))));
  }

  draw_rgb(context, width, height) {
    const planes = this.frames.map((frame) => this.drawing(frame).getContext("2d").getImageData(0, 0, width, height).data);
    const picture = context.createImageData(width, height);
    for (let n = 0; n < picture.data.length; n += 4) {
      for (let c = 0; c < 3; c++) picture.data[n + c] = planes[c % planes.length][n];
      picture.data[n + 3] = 255;
    }
    context.putImageData(picture, 0, 0);
    this.parts.caption.textContent = this.frames.map((one, n) => `${COLOURS[n]} ${one.label}`).join(", ");
  }

  play(on) {
    clearInterval(this.timer);
    this.timer = on ? setInterval(() => this.advance(1), Number(this.parts.rate.value)) : 0;
    this.parts.play.textContent = on ? "Pause" : "Play";
    this.parts.play.setAttribute("aria-pressed", String(on));
  }

  advance(step) {
    if (this.mode !== "blink" || !this.frames.length) return;
    this.index = (this.index + step + this.frames.length) % this.frames.length;
    this.render();
  }

  step(by) {
    this.play(false);
    this.advance(by);
    this.bench.say(this.parts.caption.textContent);
  }

  // The edge of the curtain at a place of the stage, or -1.
  edgeAt(x) {
    if (this.mode !== "curtain") return -1;
    const { width } = this.bench.stage.size;
    return this.edges.slice(0, this.frames.length - 1).findIndex((one) => Math.abs(one * width - x) < GRAB);
  }

  move(n, share) {
    this.edges[n] = Math.max(0, Math.min(1, share));
    if (n === 0) this.edges[1] = Math.max(this.edges[0], this.edges[1]);
    else this.edges[0] = Math.min(this.edges[0], this.edges[1]);
    this.render();
  }
}
