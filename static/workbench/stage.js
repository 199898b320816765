// The stage: JS9's display of one frame, the view on the sky that all frames share, and drawings of the other frames.

import { apply, inverse } from "./frame.js";
import { dress } from "./stretch.js";

const [LEAST, MOST] = [0.02, 64]; // screen pixels of an image pixel

export class Stage extends EventTarget {
  element; JS9;
  frame = null; over = null; centre = null; zoom = 1; north = false;

  constructor(element, JS9) {
    super();
    Object.assign(this, { element, JS9 });
    this.observer = new ResizeObserver(() => this.resize());
    this.observer.observe(element);
  }

  get size() {
    return { width: this.element.clientWidth, height: this.element.clientHeight };
  }

  // The frame that is seen: that of JS9, or one that is drawn over it.
  get shown() {
    return this.over ?? this.frame;
  }

  resize() {
    const { width, height } = this.size;
    const display = this.JS9.displays[0];
    if (width < 50 || height < 50 || (display.width === width && display.height === height)) return;
    const sheet = display.image; // JS9 would show it anew with a view of its own
    display.image = null;
    display.resize(width, height);
    display.image = sheet;
    if (this.frame) this.redraw();
  }

  // Shows a frame in JS9 itself; the view stays where it is on the sky.
  show(frame, style) {
    const first = this.frame === null;
    this.frame = frame;
    frame.offset = null;
    this.limits = dress(frame, style);
    if (first) this.fit(false);
    this.redraw("all");
    this.tell("frame");
  }

  restyle(style) {
    this.limits = dress(this.frame, style);
    this.redraw("all");
    this.tell("style");
  }

  // The centre of the view in a frame's pixels.
  centreOf(frame, centre = this.centre) {
    return centre ? frame.pixel(centre.ra, centre.dec) : { x: (frame.width + 1) / 2, y: (frame.height + 1) / 2 };
  }

  redraw(mode = "rgb") {
    const { frame } = this;
    const { image } = frame;
    frame.offset = null;
    frame.orient(this.north);
    const middle = this.centreOf(frame);
    middle.x = Math.max(1, Math.min(frame.width, middle.x));
    middle.y = Math.max(1, Math.min(frame.height, middle.y));
    image.mkSection(middle.x - 0.5, middle.y - 0.5, this.zoom);
    image.displayImage(mode);
    image.refreshLayers();
    const { width, height } = this.size;
    const at = this.pixel(width / 2, height / 2); // JS9 begins at whole pixels: other frames follow it there
    this.actual = frame.sky(at.x, at.y);
    this.centre ??= frame.sky(middle.x, middle.y);
    this.tell("view");
  }

  // JS9 shows what it loads; the frame that was there comes back before anybody sees it.
  restore() {
    if (!this.frame) return;
    this.frame.image.displayImage("display");
    this.frame.image.refreshLayers();
  }

  // A drawing of another frame with the same view, at fractions of a pixel.
  drawing(frame, style) {
    const { image } = frame;
    const { width, height } = this.size;
    const before = frame.dressed;
    dress(frame, style);
    frame.orient(this.north);
    const middle = this.centreOf(frame, this.actual);
    const sheet = new OffscreenCanvas(width, height);
    try {
      image.mkSection(middle.x - 0.5, middle.y - 0.5, this.zoom);
    } catch {
      return sheet; // nothing of it lies here
    }
    image.displayImage(before === frame.dressed && image.rgb.img ? "rgb,nodisplay" : "colors,nodisplay");
    const { sect, img } = image.rgb;
    frame.offset = [
      width / 2 - (middle.x - 0.5 - sect.x0) * this.zoom,
      height / 2 + (middle.y - 0.5 - sect.y0) * this.zoom - img.height,
    ];
    const plain = new OffscreenCanvas(img.width, img.height);
    plain.getContext("2d").putImageData(img, 0, 0);
    const context = sheet.getContext("2d");
    context.imageSmoothingEnabled = false;
    const m = frame.matrix;
    const z = sect.zoom;
    // the matrix is for pixels; the drawing has z of them, from its section's upper left corner down
    const corner = apply(m, sect.x0 + 0.5, sect.y0 + 0.5 + img.height / z);
    context.setTransform(m[0] / z, m[1] / z, -m[2] / z, -m[3] / z, corner.x, corner.y);
    context.drawImage(plain, 0, 0);
    return sheet;
  }

  pixel(x, y, frame = this.frame) {
    return apply(inverse(frame.matrix), x, y);
  }

  place(x, y, frame = this.frame) {
    return apply(frame.matrix, x, y);
  }

  // Moves the view: to a place on the sky, or by screen pixels from where a drag began.
  look(centre) {
    this.centre = { ra: centre.ra, dec: centre.dec };
    this.redraw();
  }

  drag(from, dx, dy) {
    const { width, height } = this.size;
    const m = this.frame.matrix;
    if (from.ra === undefined) return; // an image without coordinates stays where it is
    const at = this.frame.pixel(from.ra, from.dec);
    const now = apply(m, at.x, at.y);
    const wanted = apply(inverse(m), now.x - dx, now.y - dy);
    const sky = this.frame.sky(wanted.x, wanted.y);
    if (sky && width && height) this.look(sky);
  }

  // Zooms about a point of the stage, which stays where it is.
  zoomTo(zoom, about = null) {
    const { width, height } = this.size;
    const wanted = Math.max(LEAST, Math.min(MOST, zoom));
    if (about) {
      const share = 1 - this.zoom / wanted;
      const at = this.pixel(width / 2 + (about.x - width / 2) * share, height / 2 + (about.y - height / 2) * share);
      this.centre = this.frame.sky(at.x, at.y) ?? this.centre;
    }
    this.zoom = wanted;
    this.redraw();
  }

  fit(draw = true) {
    const { width, height } = this.size;
    this.zoom = Math.min(width / this.frame.width, height / this.frame.height);
    this.centre = null;
    if (draw) this.redraw();
  }

  turn(north) {
    this.north = north;
    if (this.frame) this.redraw();
  }

  tell(what) {
    this.dispatchEvent(new Event(what));
  }
}
