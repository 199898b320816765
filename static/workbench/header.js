// The FITS header of the frame that is shown, with a search.

const CARD = 80;

export class Header {
  bench; search; text; count;

  constructor(bench, { search, text, count }) {
    Object.assign(this, { bench, search, text, count });
    search.addEventListener("input", () => this.show());
    text.closest("details").addEventListener("toggle", () => this.show());
    bench.stage.addEventListener("frame", () => this.show());
  }

  get cards() {
    const { cardstr, ncard, header } = this.bench.stage.frame.image.raw;
    if (cardstr) return Array.from({ length: ncard }, (_, n) => cardstr.slice(n * CARD, (n + 1) * CARD).trimEnd()).filter(Boolean);
    return Object.entries(header).map(([name, value]) => `${name.padEnd(8)}= ${value}`);
  }

  show() {
    if (!this.text.closest("details").open || !this.bench.stage.frame) return;
    const words = this.search.value.trim().toLowerCase().split(/\s+/).filter(Boolean);
    const { cards } = this;
    const found = cards.filter((card) => words.every((word) => card.toLowerCase().includes(word)));
    this.text.textContent = found.join("\n");
    this.count.textContent = words.length ? `${found.length} of ${cards.length} cards` : `${cards.length} cards`;
  }
}
