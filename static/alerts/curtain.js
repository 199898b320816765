// A curtain over stacked pictures: a slider draws each over the one before it, from the left.

const STEPS = 100; // of the slider, from one picture to the next

export function openCurtain(place) {
  if (!place) return;
  const slider = place.querySelector("input");
  const pictures = [...place.querySelectorAll("img")];
  const stack = place.querySelector(".stamp");
  const edge = place.querySelector(".edge");
  const last = pictures.length - 1;
  slider.max = String(last * STEPS);

  function show(value) {
    slider.value = String(value);
    const drawn = Number(slider.value) / STEPS; // whole pictures, and how far the next is drawn
    pictures.forEach((picture, k) => {
      const part = Math.min(1, Math.max(0, drawn - (k - 1)));
      picture.style.clipPath = k === 0 ? "none" : `inset(0 ${(1 - part) * 100}% 0 0)`;
    });
    const [below, part] = [Math.min(Math.floor(drawn), last), drawn % 1];
    edge.hidden = part === 0;
    edge.style.left = `${part * 100}%`;
    const name = (k) => pictures[k].dataset.kind;
    const text = part === 0 ? name(below) : `${Math.round(part * 100)} % ${name(below + 1)} over ${name(below)}`;
    slider.setAttribute("aria-valuetext", text);
    stack.setAttribute("aria-label", `Stamps under a curtain: ${text}`);
    place.querySelectorAll("[data-show]").forEach((button) => {
      button.setAttribute("aria-pressed", String(part === 0 && button.dataset.show === name(below)));
    });
  }

  slider.addEventListener("input", () => show(Number(slider.value)));
  place.querySelectorAll("[data-show]").forEach((button, k) => button.addEventListener("click", () => show(k * STEPS)));
  // Drawing on the picture itself moves the curtain between the two that are seen.
  stack.addEventListener("pointermove", (event) => {
    if (!(event.buttons & 1)) return;
    const { left, width } = stack.getBoundingClientRect();
    const below = Math.min(Math.floor(Number(slider.value) / STEPS), last - 1);
    show((below + Math.min(0.99, Math.max(0.01, (event.clientX - left) / width))) * STEPS);
  });
  show(STEPS / 2);
  place.dataset.tools = "ready";
}
