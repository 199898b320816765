// What stands beside the plots: the picked point's cutouts, neighbours, a curve of one's own, the table.

import { asked, say } from "../ui/ask.js";
import { fixed, withError } from "../ui/numbers.js";
import { dateOf } from "./points.js";

const MOST_LINKS = 12;
const find = (id) => document.getElementById(id);
const element = (tag, values, ...children) => {
  const made = Object.assign(document.createElement(tag), values);
  made.append(...children);
  return made;
};

// Lines on the points that are selected; for one alone, its cutouts.
export async function showPicked(points, { image, cutouts }) {
  const lines = points.slice(0, MOST_LINKS).map((one) => {
    const value = `${one.kind === "limit" ? "> " : ""}${withError(one.mag, one.err > 0 ? one.err : null, 3)} mag`;
    const line = element("div", {}, `${one.band}, MJD ${fixed(one.mjd, 5)} (${dateOf(one.mjd)}), ${value}`);
    if (one.pid !== null) line.append(": ", element("a", { href: image.replace("/0/", `/${one.pid}/`), textContent: `image ${one.pid}` }));
    if (one.candid) line.append(" · ", element("a", { href: `/alerts/${one.candid}/`, textContent: `alert ${one.candid}` }));
    return line;
  });
  const more = points.length > MOST_LINKS ? [`and ${points.length - MOST_LINKS} more`] : [];
  find("picked").replaceChildren(...lines, ...more);
  if (points.length === 1 && points[0].pid !== null) await showCutouts(points[0], cutouts);
}

async function showCutouts(one, address) {
  const place = element("div", { className: "cutouts" });
  find("picked").append(place);
  let pictures;
  try {
    ({ pictures } = await asked(address.replace(/0$/, one.pid)));
  } catch (error) {
    say(place, "No cutouts", error);
    return;
  }
  place.append(...pictures.map(({ label, picture, fits }) => element("figure", {},
    element("img", { src: picture, alt: `${label} image around the object, MJD ${fixed(one.mjd, 5)}` }),
    element("figcaption", {}, `${label} `, element("a", { href: fits, textContent: "FITS" })))));
  if (!pictures.length) place.append("No image of it is here, or none is public.");
}

// The neighbours as rows with a box each; `toggle(oid, on)` shows one. Gives their points.
export async function showNeighbours(address, near, toggle) {
  const found = await asked(address);
  const rows = found.objects.map((one) => {
    const box = element("input", { type: "checkbox", checked: near.has(`${one.oid}`), ariaLabel: `Show ${one.oid}` });
    box.addEventListener("change", () => toggle(`${one.oid}`, box.checked));
    const number = (value, digits) => element("td", { className: "number", textContent: fixed(value, digits) });
    return element("tr", {}, element("td", {}, box), element("th", { scope: "row" }, element("a", { href: one.page, textContent: one.oid })),
      element("td", { className: one.filtercode, textContent: one.filtercode }), number(one.arcsec, 1), number(one.nobs, 0), number(one.medianmag, 3), number(one.magrms, 3));
  });
  find("near-rows").replaceChildren(...rows);
  find("near-none").hidden = rows.length > 0;
  return found.columns;
}

// A file of one's own: the server reads it and forgets it. Gives its columns.
export async function readOwn(form) {
  const found = await asked(form.action, { method: "POST", body: new FormData(form) });
  find("own-said").textContent = `${found.count} points of ${found.name} are shown; they stay in this page.`;
  return found.columns;
}

// The table of points gets a box per row, and shows what the plot shows.
export function tendTable(table, keyOf, change) {
  if (!table.dataset.boxes) {
    table.dataset.boxes = "true";
    table.tHead.rows[0].prepend(element("th", { scope: "col", textContent: "Use" }));
    for (const row of table.tBodies[0].rows) {
      const [mjd, hjd] = [row.cells[0].textContent, row.cells[1].textContent]; // a file may tell the second only
      const box = element("input", { type: "checkbox", ariaLabel: mjd ? `Use the point of MJD ${mjd}` : `Use the point of HJD ${hjd}` });
      box.addEventListener("change", () => change(row.dataset.pid, box.checked));
      row.prepend(element("td", {}, box));
    }
  }
  for (const row of table.tBodies[0].rows) row.cells[0].firstChild.checked = !keyOf.has(row.dataset.pid);
}

// Keys on the plot: arrows go from point to point, Enter picks, Delete excludes, u takes back.
export function keys(place, { move, pick, drop, undo }) {
  place.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const steps = { ArrowRight: 1, ArrowLeft: -1, PageDown: 10, PageUp: -10 }[event.key];
    const action = steps ? () => move(steps) : { Enter: pick, Delete: drop, x: drop, u: undo }[event.key];
    if (action === undefined) return;
    event.preventDefault();
    action();
  });
}
