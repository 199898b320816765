// What lies at a place that was clicked: images in time, and the searches around it.
import { asked, isAbort, latest, say } from "../ui/ask.js";

const panel = document.getElementById("sky-here");
const LATEST = 12;
const anew = latest();

const make = (name, properties = {}, ...inside) => {
  const one = Object.assign(document.createElement(name), properties);
  one.append(...inside);
  return one;
};

export async function showHere(ra, dec) {
  const position = `${ra.toFixed(6)} ${dec >= 0 ? "+" : ""}${dec.toFixed(6)}`;
  const query = new URLSearchParams({ position });
  const links = Object.entries(JSON.parse(panel.dataset.links)).map(([text, url]) => make("li", {}, make("a", { href: `${url}?${query}`, textContent: text })));
  const found = make("p", { textContent: "Images here: …" });
  panel.replaceChildren(make("h2", { textContent: position }), make("ul", {}, ...links), found);
  panel.hidden = false;
  try {
    const { count, results } = await asked(`${panel.dataset.images}?${new URLSearchParams({ position, page_size: `${LATEST}`, order: "-obsjd" })}`, { signal: anew() });
    found.textContent = count ? `${count} science ${count === 1 ? "image" : "images"} here${count > LATEST ? `, the newest ${LATEST}` : ""}:` : "No science image here, or none that you may see.";
    if (count) panel.append(make("ol", {}, ...results.map(lineOf)));
  } catch (error) {
    if (!isAbort(error)) say(found, "Images here cannot be told", error);
  }
}

const lineOf = (one) => make("li", {},
  make("a", { href: `/images/${one.pid}/`, textContent: one.obsdate.slice(0, 16).replace("T", " ") }),
  " ", make("b", { className: one.filtercode, textContent: one.filtercode }),
  ` ${one.seeing?.toFixed(1) ?? "–"}″, ${one.maglimit?.toFixed(1) ?? "–"} mag`);
