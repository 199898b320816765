// The slider over the nights of the images that were found: 0 shows all of them.

/**
 * @param {{night: string, middle: string}[]} nights
 * @param {(night: {night: string, middle: string} | null) => void} show
 */
export function connectNights(nights, show) {
  const slider = /** @type {HTMLInputElement | null} */ (document.getElementById("sky-night"));
  if (!slider) return;
  const said = document.getElementById("sky-night-said");
  const time = /** @type {HTMLInputElement} */ (document.getElementById("known-time"));
  slider.addEventListener("input", () => {
    const night = nights[Number(slider.value) - 1] ?? null;
    said.textContent = night ? night.night : `all ${nights.length} nights`;
    slider.setAttribute("aria-valuetext", said.textContent);
    if (night) time.value = night.middle;
    show(night);
  });
}
