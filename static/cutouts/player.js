// The player of cutouts in time: it fetches the frames when it is opened, and moves only when asked to.
import { asked, isAbort, latest, say } from "../ui/ask.js";

/**
 * @typedef {{pid: string, url: string, filter: string, time: string | null, seeing: number | null, src: string, side: number}} Frame
 * @typedef {{stretch: string, low: number, high: number, frames: Frame[]}} Film
 */

const SPEEDS = [1, 2, 4, 8, 16]; // images a second
const STRETCHES = ["asinh", "linear", "log", "sqrt"];
const calm = matchMedia("(prefers-reduced-motion: reduce)");

/**
 * An element with properties and what is inside it.
 * @param {string} name @param {object} [properties] @param {...(Node | string)} inside
 */
const make = (name, properties = {}, ...inside) => {
  const one = Object.assign(document.createElement(name), properties);
  one.append(...inside);
  return one;
};

/** @param {string} text @param {string} title @param {() => void} act */
const button = (text, title, act) => {
  const one = /** @type {HTMLButtonElement} */ (make("button", { type: "button", className: "outline", textContent: text, title }));
  one.setAttribute("aria-label", title);
  one.addEventListener("click", act);
  return one;
};

/** @param {string} label @param {[string, string][]} options @param {string} chosen @param {(value: string) => void} act */
const choice = (label, options, chosen, act) => {
  const select = /** @type {HTMLSelectElement} */ (make("select", {}, ...options.map(([value, text]) => make("option", { value, textContent: text }))));
  select.value = chosen;
  select.addEventListener("change", () => act(select.value));
  return make("label", {}, label, select);
};

class Player {
  /** @param {HTMLElement} place @param {string} address @param {string} name */
  constructor(place, address, name) {
    this.address = address;
    this.at = 0;
    this.timer = 0;
    /** @type {Frame[]} */
    this.frames = [];
    this.anew = latest();
    this.perSecond = calm.matches ? SPEEDS[0] : 4;
    this.picture = /** @type {HTMLImageElement} */ (make("img", { alt: "" }));
    this.said = make("p", { className: "film-said" });
    this.said.setAttribute("aria-live", "polite");
    this.slider = /** @type {HTMLInputElement} */ (make("input", { type: "range", min: "0", value: "0" }));
    this.slider.setAttribute("aria-label", `Image of the ${name} player`);
    this.slider.addEventListener("input", () => this.show(Number(this.slider.value)));
    this.play = button("Play", `Play ${name}`, () => this.toggle());
    const screen = make("div", { className: "film-screen" }, this.picture);
    const keys = make("div", { className: "film-keys" },
      button("|◀", `First image of ${name}`, () => this.show(0)), button("◀", `Previous image of ${name}`, () => this.step(-1)),
      this.play, button("▶", `Next image of ${name}`, () => this.step(1)), button("▶|", `Last image of ${name}`, () => this.show(this.frames.length - 1)));
    const options = make("div", { className: "film-options" },
      choice("Speed", SPEEDS.map((one) => [String(one), `${one} a second`]), String(this.perSecond), (value) => this.speed(Number(value))),
      choice("Stretch", STRETCHES.map((one) => [one, one]), "asinh", (value) => this.load(value)));
    place.tabIndex = 0;
    place.setAttribute("role", "group");
    place.setAttribute("aria-label", `Player of ${name}: left and right arrow step, space plays`);
    place.addEventListener("keydown", (event) => this.key(event));
    place.append(screen, this.said, this.slider, keys, options);
    this.load("asinh");
  }

  /** The frames, all drawn with one stretch. @param {string} stretch */
  async load(stretch) {
    this.pause();
    this.said.textContent = "The images are being fetched.";
    const address = new URL(this.address, document.baseURI);
    address.searchParams.set("stretch", stretch);
    try {
      /** @type {Film} */
      const film = await asked(address.href, { signal: this.anew() });
      this.frames = film.frames;
    } catch (error) {
      if (!isAbort(error)) say(this.said, "The images cannot be shown", error);
      return;
    }
    this.slider.max = String(this.frames.length - 1);
    this.show(Math.min(this.at, this.frames.length - 1));
  }

  /** @param {number} number */
  show(number) {
    const one = this.frames[number];
    if (!one) return;
    this.at = number;
    this.picture.src = one.src;
    this.picture.alt = `${one.filter} image of ${one.time ?? "an unknown time"}, North up, East left`;
    this.slider.value = String(number);
    this.slider.setAttribute("aria-valuetext", `${number + 1} of ${this.frames.length}, ${one.time ?? ""}`);
    const seeing = one.seeing === null ? "" : `, seeing ${one.seeing.toFixed(1)}″`;
    this.said.replaceChildren(`${number + 1} of ${this.frames.length}: `, make("a", { href: one.url, textContent: one.time ?? one.pid }), " UTC ", make("b", { className: one.filter, textContent: one.filter }), seeing);
  }

  /** @param {number} by */
  step(by) {
    this.pause();
    this.show((this.at + by + this.frames.length) % this.frames.length);
  }

  toggle() {
    if (this.timer) return this.pause();
    this.play.textContent = "Pause";
    this.said.setAttribute("aria-live", "off");
    this.timer = window.setInterval(() => this.advance(), 1000 / this.perSecond);
  }

  advance() {
    const last = this.at === this.frames.length - 1;
    if (last && calm.matches) this.pause(); // once, for who wants little motion
    else this.show(last ? 0 : this.at + 1);
  }

  pause() {
    clearInterval(this.timer);
    this.timer = 0;
    this.play.textContent = "Play";
    this.said.setAttribute("aria-live", "polite");
  }

  /** @param {number} perSecond */
  speed(perSecond) {
    this.perSecond = perSecond;
    if (this.timer) {
      this.pause();
      this.toggle();
    }
  }

  /** @param {KeyboardEvent} event */
  key(event) {
    const target = /** @type {HTMLElement} */ (event.target);
    if (target.matches("select, input, a") || event.ctrlKey || event.altKey || event.metaKey) return;
    const acts = { ArrowLeft: () => this.step(-1), ArrowRight: () => this.step(1), Home: () => this.show(0), End: () => this.show(this.frames.length - 1) };
    const act = event.key === " " && !target.matches("button") ? () => this.toggle() : acts[event.key];
    if (!act) return;
    event.preventDefault();
    act();
  }
}

for (const details of /** @type {NodeListOf<HTMLDetailsElement>} */ (document.querySelectorAll("details[data-frames]"))) {
  details.querySelector("img")?.remove(); // the animation that stands there without script
  const { frames = "", name = "" } = details.dataset;
  details.addEventListener("toggle", () => {
    if (!details.open || details.querySelector(".film")) return;
    const place = make("div", { className: "film" });
    details.append(place);
    new Player(place, frames, name);
  });
}
