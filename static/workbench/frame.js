// One image as it is shown: where its pixels lie on the stage, on the sky, and in the grid of another image.

const RAD = Math.PI / 180;

export class Frame {
  JS9; image; key; label; plane; arcsec;

  constructor(JS9, image, what) {
    Object.assign(this, { JS9, image }, what); // key, label, plane
    this.offset = null; // where JS9's drawing of the section begins; null: where JS9 itself puts it
    this.mappings = new Map();
  }

  get width() { return this.image.raw.width; }
  get height() { return this.image.raw.height; }
  get data() { return this.image.raw.data; }

  // The value of a pixel, counted from 1 as in FITS; undefined outside.
  value(x, y) {
    const [column, row] = [Math.round(x) - 1, Math.round(y) - 1];
    if (column < 0 || row < 0 || column >= this.width || row >= this.height) return undefined;
    return this.data[row * this.width + column];
  }

  sky(x, y) {
    if (!this.image.validWCS()) return null;
    const [ra, dec] = this.JS9.pix2wcs(this.image.raw.wcs, x, y).trim().split(/\s+/).map(Number);
    return Number.isFinite(ra) && Number.isFinite(dec) ? { ra, dec } : null;
  }

  pixel(ra, dec) {
    const [x, y] = this.JS9.wcs2pix(this.image.raw.wcs, ra, dec).trim().split(/\s+/).map(Number);
    return { x, y };
  }

  // Arcseconds of a pixel.
  get scale() {
    const { cdelt1, cdelt2 } = this.image.raw.wcsinfo ?? {};
    this.arcsec ??= Math.sqrt(Math.abs(cdelt1 * cdelt2)) * 3600;
    return this.arcsec;
  }

  // Turns the image so that North is up and East to the left, or back as its pixels lie.
  orient(north) {
    const { params } = this.image;
    this.image.setTransform("reset");
    params.flip = "none";
    params.rotate = 0;
    if (!north || !this.image.validWCS()) return;
    const { angle, flipped } = this.compass;
    params.flip = flipped ? "x" : "none";
    params.rotate = ((-angle % 360) + 360) % 360;
    this.image.setTransform();
  }

  // North's angle from the y axis, counterclockwise, after the image is flipped where East lies on the wrong side.
  get compass() {
    const middle = { x: this.width / 2, y: this.height / 2 };
    const { ra, dec } = this.sky(middle.x, middle.y);
    const step = 0.01;
    const [up, left] = [this.pixel(ra, dec + step), this.pixel(ra + step / Math.cos(dec * RAD), dec)];
    const [n, e] = [up, left].map((one) => [one.x - middle.x, one.y - middle.y]);
    const flipped = e[0] * n[1] - e[1] * n[0] > 0;
    return { flipped, angle: Math.atan2(flipped ? n[0] : -n[0], n[1]) / RAD };
  }

  // The affine map of pixels (from 1) to the stage, as a canvas takes it.
  get matrix() {
    const { image, offset } = this;
    const { sect, img } = image.rgb;
    const [ix, iy] = offset ?? [image.ix, image.iy];
    const z = sect.zoom;
    const plain = [z, 0, 0, -z, ix - (0.5 + sect.x0) * z, img.height + iy + (0.5 + sect.y0) * z];
    const t = image.params.transform;
    if (!t) return plain;
    const [w, h] = [image.display.width / 2, image.display.height / 2];
    const about = [t[0][0], t[0][1], t[1][0], t[1][1], 0, 0];
    about[4] = w - about[0] * w - about[2] * h;
    about[5] = h - about[1] * w - about[3] * h;
    return times(about, plain);
  }

  // The affine map of this image's pixels to another's: by the sky, at three corners.
  to(other) {
    if (other === this) return [1, 0, 0, 1, 0, 0];
    if (!this.mappings.has(other.key)) {
      const corners = [[1, 1], [this.width, 1], [1, this.height]];
      const [a, b, c] = corners.map(([x, y]) => {
        const place = this.sky(x, y);
        return other.pixel(place.ra, place.dec);
      });
      const [w, h] = [this.width - 1, this.height - 1];
      const m = [(b.x - a.x) / w, (b.y - a.y) / w, (c.x - a.x) / h, (c.y - a.y) / h];
      this.mappings.set(other.key, [...m, a.x - m[0] - m[2], a.y - m[1] - m[3]]);
    }
    return this.mappings.get(other.key);
  }
}

// First b, then a.
export function times(a, b) {
  return [
    a[0] * b[0] + a[2] * b[1], a[1] * b[0] + a[3] * b[1],
    a[0] * b[2] + a[2] * b[3], a[1] * b[2] + a[3] * b[3],
    a[0] * b[4] + a[2] * b[5] + a[4], a[1] * b[4] + a[3] * b[5] + a[5],
  ];
}

export const apply = (m, x, y) => ({ x: m[0] * x + m[2] * y + m[4], y: m[1] * x + m[3] * y + m[5] });

export function inverse(m) {
  const d = m[0] * m[3] - m[1] * m[2];
  return [
    m[3] / d, -m[1] / d, -m[2] / d, m[0] / d,
    (m[2] * m[5] - m[3] * m[4]) / d, (m[1] * m[4] - m[0] * m[5]) / d,
  ];
}
