// @ts-check
// The searches that were made in this browser, newest first; they stay here.
import { read, write } from "./kept.js";

/** @typedef {{kind: string, address: string, words: string}} Search */

const NAME = "searches", MOST = 100, LONGEST = 20000;

/** @param {any} one @returns {one is Search} */
function isSearch(one) {
  return typeof one === "object" && one !== null && [one.kind, one.address, one.words].every((part) => typeof part === "string")
    && one.address.startsWith("/") && !one.address.startsWith("//");
}

/** @param {Search} search */
export function remember(search) {
  if (search.address.length > LONGEST) return;
  write(NAME, [search, ...read(NAME, isSearch).filter((one) => one.address !== search.address)].slice(0, MOST));
}

/** The list in an element with [data-history], which names a kind or is empty for all. @param {HTMLElement} part */
export function show(part) {
  const kind = part.dataset.history;
  const found = read(NAME, isSearch).filter((one) => !kind || one.kind === kind);
  part.querySelector("ol")?.replaceChildren(...found.map((one) => {
    const item = document.createElement("li"), link = document.createElement("a");
    const shown = document.createElement(one.kind === "query" ? "code" : "span");
    link.href = one.address;
    link.title = one.words;
    shown.textContent = one.words.replace(/\s+/g, " ");
    link.append(shown);
    item.append(...(kind ? [] : [`${one.kind}: `]), link);
    return item;
  }));
  part.hidden = !found.length;
}

// The search that a page shows is told by the element that has its kind.
const here = /** @type {HTMLElement | null} */ (document.querySelector("[data-remember]"));
if (here) {
  const asked = new URLSearchParams(location.search);
  asked.delete("page");
  const words = here.dataset.words || [...document.querySelectorAll(".chips li:not(.all)")].map((one) => (one.textContent ?? "").replace("×", "").trim()).join(", ");
  if (words) remember({ kind: here.dataset.remember ?? "", address: `${location.pathname}?${asked}`, words });
}
for (const part of /** @type {NodeListOf<HTMLElement>} */ (document.querySelectorAll("[data-history]"))) {
  part.querySelector("button")?.addEventListener("click", () => {
    const kind = part.dataset.history;
    write(NAME, kind ? read(NAME, isSearch).filter((one) => one.kind !== kind) : []);
    show(part);
  });
  show(part);
}
