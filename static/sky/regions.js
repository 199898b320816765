// A circle or a box that is drawn on the sky becomes a search for images.

const degrees = Math.PI / 180;
const apart = ([ra1, dec1], [ra2, dec2]) => {
  const half = (a) => Math.sin((a * degrees) / 2) ** 2;
  return (2 * Math.asin(Math.sqrt(half(dec2 - dec1) + Math.cos(dec1 * degrees) * Math.cos(dec2 * degrees) * half(ra2 - ra1)))) / degrees;
};

export function connectRegions(map) {
  const search = document.querySelector("[data-regions]").dataset.regions;
  const open = (parameters) => document.location.assign(`${search}?${new URLSearchParams(parameters)}`);
  const at = (x, y) => map.pix2world(x, y);
  const text = ([ra, dec]) => `${((ra + 360) % 360).toFixed(6)} ${dec.toFixed(6)}`;

  const drawn = {
    circle: ({ x, y, r }) => {
      const centre = at(x, y);
      open({ position: text(centre), radius: Math.min(90, Math.max(0.0001, apart(centre, at(x + r, y)))).toFixed(5) });
    },
    rect: ({ x, y, w, h }) => {
      const centre = at(x + w / 2, y + h / 2);
      open({
        position: text(centre),
        width: Math.abs(apart(at(x, y + h / 2), at(x + w, y + h / 2))).toFixed(5),
        height: Math.abs(apart(at(x + w / 2, y), at(x + w / 2, y + h))).toFixed(5),
      });
    },
  };
  for (const button of document.querySelectorAll("[data-draw]")) {
    button.addEventListener("click", () => {
      document.getElementById("sky-said").textContent = `Draw the ${button.textContent.trim().toLowerCase()} on the map.`;
      map.select(button.dataset.draw, (region) => drawn[button.dataset.draw](region));
    });
  }
}
