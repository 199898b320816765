// @ts-check
// The page of the basket: what is in it, and links and forms for it.
import { drop, items } from "./basket.js";

const MOST_BLINK = 12;
const empty = /** @type {HTMLElement} */ (document.getElementById("basket-empty"));
const parts = /** @type {HTMLElement[]} */ ([...document.querySelectorAll("[data-kind]")]);

/** @param {HTMLElement} part */
function show(part) {
  const kind = part.dataset.kind;
  const mine = items().filter((one) => one.kind === kind);
  part.hidden = !mine.length;
  if (!mine.length) return 0;
  const where = `${part.dataset.key} IN (${mine.map((one) => one.id).join(",")})`;
  /** @type {HTMLElement} */ (part.querySelector("[data-count]")).textContent = String(mine.length);
  for (const link of /** @type {NodeListOf<HTMLAnchorElement>} */ (part.querySelectorAll("a[data-where]"))) link.href = withWhere(link.href, where);
  for (const field of /** @type {NodeListOf<HTMLInputElement>} */ (part.querySelectorAll("input[name=where]"))) field.value = where;
  for (const field of /** @type {NodeListOf<HTMLInputElement>} */ (part.querySelectorAll("input[name=query]"))) field.value = String(new URLSearchParams({ where }));
  for (const field of /** @type {NodeListOf<HTMLInputElement>} */ (part.querySelectorAll("input[name=ids]"))) field.value = mine.map((one) => one.id).join(" ");
  for (const button of /** @type {NodeListOf<HTMLElement>} */ (part.querySelectorAll("[data-samp]"))) button.dataset.samp = withWhere(new URL(button.dataset.samp ?? "", document.baseURI).href, where);
  const blink = /** @type {HTMLAnchorElement | null} */ (part.querySelector("a[data-blink]"));
  if (blink) {
    const rows = mine.map((one) => /** @type {[string, string]} */ (["row", one.id]));
    blink.href = `${blink.href.split("?")[0]}?${new URLSearchParams([["to", "blink"], ...rows])}`;
    blink.hidden = rows.length < 2 || rows.length > MOST_BLINK;
  }
  part.querySelector("ul")?.replaceChildren(...mine.map((one) => line(part, one)));
  return mine.length;
}

/** @param {string} address @param {string} where */
function withWhere(address, where) {
  const url = new URL(address);
  url.searchParams.set("where", where);
  return url.href;
}

/** @param {HTMLElement} part @param {import("./basket.js").Item} one */
function line(part, one) {
  const item = document.createElement("li"), link = document.createElement("a"), out = document.createElement("button");
  link.href = (part.dataset.page ?? "").replace("/0/", `/${one.id}/`);
  link.textContent = one.id;
  Object.assign(out, { type: "button", className: "link", textContent: "×" });
  out.setAttribute("aria-label", `Take ${one.id} out`);
  out.addEventListener("click", () => {
    drop((other) => other.kind === one.kind && other.id === one.id);
    update();
  });
  item.append(link, " ", out);
  return item;
}

function update() {
  const count = parts.map(show).reduce((a, b) => a + b, 0);
  empty.hidden = count > 0;
}

for (const part of parts) {
  part.querySelector("[data-clear]")?.addEventListener("click", () => {
    drop((one) => one.kind === part.dataset.kind);
    update();
  });
}
window.addEventListener("storage", update);
update();
document.documentElement.dataset.basket = "ready";
