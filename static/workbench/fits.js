// A plain FITS image of whole numbers, read without JS9: the mask, of which every bit counts.

const BLOCK = 2880;
const CARD = 80;

export function header(bytes) {
  const cards = {};
  for (let at = 0; at + CARD <= bytes.length; at += CARD) {
    const text = String.fromCharCode(...bytes.subarray(at, at + CARD));
    const name = text.slice(0, 8).trim();
    if (name === "END") return { cards, length: Math.ceil((at + CARD) / BLOCK) * BLOCK };
    if (text[8] === "=") cards[name] = text.slice(10).split("/")[0].trim();
  }
  throw new Error("it is no FITS file");
}

export function integers(buffer) {
  const { cards, length } = header(new Uint8Array(buffer));
  const [width, height, bits] = ["NAXIS1", "NAXIS2", "BITPIX"].map((name) => Number(cards[name]));
  if (bits !== 16 && bits !== 32) throw new Error(`a mask has whole numbers, not BITPIX ${bits}`);
  const view = new DataView(buffer, length);
  const zero = Number(cards.BZERO ?? 0);
  const values = new Int32Array(width * height);
  if (bits === 16) for (let n = 0; n < values.length; n++) values[n] = view.getInt16(2 * n) + zero;
  else for (let n = 0; n < values.length; n++) values[n] = view.getInt32(4 * n) + zero;
  return { width, height, values };
}
