// The table of results: rows that are chosen, row and footprint that light each other up, columns that are ticked.
import { MOST, add, items } from "./basket.js";
import { closeByThemselves } from "./menus.js";

const form = document.querySelector("form.rows");
const boxes = form ? [...form.querySelectorAll("[name=row]")] : [];
const all = form?.querySelector("[data-all]");
const said = form?.querySelector("[data-chosen]");
const buttons = form ? [...form.querySelectorAll("button[name=to], button[data-basket]")] : [];

function tell() {
  const count = boxes.filter((box) => box.checked).length;
  said.textContent = count ? `${count} ${count === 1 ? "row" : "rows"} chosen:` : "Choose rows to do something with them:";
  for (const button of buttons) button.disabled = !count;
  all.checked = count === boxes.length;
  all.indeterminate = count > 0 && count < boxes.length;
}

if (all && boxes.length) {
  let last = -1;
  all.hidden = false;
  all.addEventListener("change", () => {
    for (const box of boxes) box.checked = all.checked;
    tell();
  });
  boxes.forEach((box, place) => box.addEventListener("click", (event) => {
    if (event.shiftKey && last >= 0) { // from the last one to this one
      for (const one of boxes.slice(Math.min(last, place), Math.max(last, place) + 1)) one.checked = box.checked;
    }
    last = place;
    tell();
  }));
  tell();
}

// Chosen rows go into the basket, which is kept across searches.
const basket = form?.querySelector("[data-basket]");
if (basket && boxes.length) {
  basket.hidden = false;
  basket.addEventListener("click", () => {
    const rows = boxes.filter((box) => box.checked).map((box) => ({ kind: basket.dataset.basket, id: box.value }));
    const { added, full, kept } = add(rows);
    const link = Object.assign(document.createElement("a"), { href: "/basket/", textContent: "the basket" });
    const count = items().length;
    const words = !kept ? "This browser keeps nothing: " : full ? `No more than ${MOST} of a kind fit; ` : "";
    form.querySelector("[data-kept]").replaceChildren(`${words}${added} added, ${count} in `, link, ".");
  });
}

// Row and footprint have the same address.
const shapes = new Map([...document.querySelectorAll(".skymap-svg a[href]")].map((shape) => [shape.getAttribute("href"), shape]));
const rows = new Map([...document.querySelectorAll("tr[data-url]")].map((row) => [row.dataset.url, row]));
function light(url, on) {
  rows.get(url)?.classList.toggle("lit", on);
  shapes.get(url)?.classList.toggle("lit", on);
}
/** @type {[Map<string, any>, (one: any) => string][]} */
const parts = [[rows, (one) => one.dataset.url], [shapes, (one) => one.getAttribute("href")]];
for (const [part, urlOf] of parts) {
  for (const one of part.values()) {
    one.addEventListener("mouseenter", () => light(urlOf(one), true));
    one.addEventListener("mouseleave", () => light(urlOf(one), false));
    one.addEventListener("focusin", () => light(urlOf(one), true));
    one.addEventListener("focusout", () => light(urlOf(one), false));
  }
}

// Columns are ticked in the list; the field with their names follows.
const choice = document.querySelector("#column-choice form");
if (choice) {
  const names = choice.querySelector("[name=columns]");
  for (const line of choice.querySelectorAll("[data-column]")) {
    const box = Object.assign(document.createElement("input"), { type: "checkbox", checked: "here" in line.dataset });
    const label = document.createElement("label");
    label.append(box, ...line.childNodes);
    line.append(label);
    box.addEventListener("change", () => {
      const chosen = names.value.split(",").map((one) => one.trim()).filter((one) => one && one !== line.dataset.column);
      names.value = (box.checked ? [...chosen, line.dataset.column] : chosen).join(",");
    });
  }
}

closeByThemselves(".drop-down");
