// A circle, a box or a polygon that is drawn on the sky becomes a search for images.
import { token } from "../ui/scheme.js";
import { separation } from "../workbench/sky.js";

const PLACE = ["position", "radius", "width", "height", "intersect", "region", "page", "ra", "dec"]; // given anew
const said = document.getElementById("sky-said");
const turn = (ra) => (ra + 360) % 360;
const text = ([ra, dec]) => `${turn(ra).toFixed(6)} ${dec.toFixed(6)}`;
const apart = ([ra1, dec1], [ra2, dec2]) => separation({ ra: ra1, dec: dec1 }, { ra: ra2, dec: dec2 });

// Whether a polygon is being drawn: then a click is a corner, and tells nothing of what lies there.
export function connectRegions(map, A) {
  const place = /** @type {HTMLElement} */ (document.querySelector("[data-regions]"));
  const finish = /** @type {HTMLButtonElement} */ (place.querySelector("[data-finish]"));
  let corners = null, overlay = null;

  const open = (parameters) => {
    const query = new URLSearchParams(document.location.search);
    PLACE.forEach((name) => query.delete(name));
    for (const [name, value] of Object.entries(parameters)) query.set(name, value);
    document.location.assign(`${place.dataset.regions}?${query}`);
  };
  const at = (x, y) => map.pix2world(x, y);

  const drawn = {
    circle: ({ x, y, r }) => {
      const centre = at(x, y);
      open({ position: text(centre), radius: Math.min(90, Math.max(0.0001, apart(centre, at(x + r, y)))).toFixed(5) });
    },
    rect: ({ x, y, w, h }) => {
      const centre = at(x + w / 2, y + h / 2);
      open({
        position: text(centre),
        width: apart(at(x, y + h / 2), at(x + w, y + h / 2)).toFixed(5),
        height: apart(at(x + w / 2, y), at(x + w / 2, y + h)).toFixed(5),
      });
    },
  };

  function show() {
    overlay ??= A.graphicOverlay({ name: "polygon", color: token("link", document.getElementById("aladin")), lineWidth: 2 });
    if (!map.view.overlays?.includes(overlay)) map.addOverlay(overlay);
    overlay.removeAll();
    if (corners && corners.length > 1) overlay.add(A.polyline(corners.length > 2 ? [...corners, corners[0]] : corners));
    finish.hidden = (corners?.length ?? 0) < 3;
  }

  function end(words) {
    corners = null;
    show();
    said.textContent = words;
  }

  for (const button of /** @type {NodeListOf<HTMLButtonElement>} */ (place.querySelectorAll("[data-draw]"))) {
    button.addEventListener("click", () => {
      const kind = button.dataset.draw;
      if (kind === "polygon") {
        corners = [];
        show();
        said.textContent = "Click the corners of the polygon on the map, then search it. Escape gives it up.";
        return;
      }
      end(`Draw the ${button.textContent.trim().toLowerCase()} on the map.`);
      map.select(kind, (region) => drawn[kind](region));
    });
  }
  finish.addEventListener("click", () => open({ region: `POLYGON ${corners.map(text).join(" ")}` }));
  document.addEventListener("keydown", (event) => event.key === "Escape" && corners && end("The polygon was given up."));

  return {
    // Takes a click as a corner; whether it did.
    corner: (ra, dec) => {
      if (!corners) return false;
      corners.push([ra, dec]);
      show();
      said.textContent = `${corners.length} corner${corners.length === 1 ? "" : "s"} of the polygon.`;
      return true;
    },
  };
}
