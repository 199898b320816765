// A search box that suggests while one types (WAI-ARIA's combobox with a list).
import { asked, isAbort, latest, say } from "./ask.js";

const PAUSE = 120; // ms without a key before the server is asked

const element = (name, properties) => Object.assign(document.createElement(name), properties);

// `input` with the list `found`; suggestions come from `address`; without a choice, Enter does what `submit` does.
export function suggestFor(input, found, address, { submit, status = null, empty = false }) {
  const anew = latest();
  let items = [], chosen = -1, timer = 0;

  const show = (next) => {
    items = next;
    found.replaceChildren(...items.map(optionOf));
    found.hidden = !items.length;
    input.setAttribute("aria-expanded", String(items.length > 0));
    choose(-1);
  };
  const optionOf = (item, place) => {
    const option = element("li", { id: `${found.id}-${place}` });
    option.setAttribute("role", "option");
    option.setAttribute("aria-selected", "false");
    option.append(element("span", { className: "kind", textContent: item.kind }), element("span", { textContent: item.label }));
    if (item.detail) option.append(element("small", { textContent: item.detail }));
    option.addEventListener("mousedown", (event) => event.preventDefault()); // the box keeps the focus
    option.addEventListener("click", () => open(item));
    return option;
  };
  const choose = (place) => {
    chosen = place;
    [...found.children].forEach((option, k) => option.setAttribute("aria-selected", String(k === place)));
    if (place < 0) return input.removeAttribute("aria-activedescendant");
    input.setAttribute("aria-activedescendant", found.children[place].id);
    found.children[place].scrollIntoView({ block: "nearest" });
  };
  const open = (item) => document.location.assign(item.url);
  const ask = async () => {
    const signal = anew();
    const text = input.value.trim();
    if (!text && !empty) return show([]);
    try {
      const answer = await asked(`${address}?${new URLSearchParams({ q: text })}`, { signal });
      show(answer.suggestions);
      if (status) status.textContent = answer.said;
    } catch (error) {
      if (isAbort(error)) return;
      show([]);
      if (status) say(status, "No suggestions", error);
    }
  };

  input.addEventListener("input", () => {
    clearTimeout(timer);
    timer = setTimeout(ask, PAUSE);
  });
  input.addEventListener("keydown", (event) => {
    if (event.key === "ArrowDown" || event.key === "ArrowUp") {
      if (!items.length) return;
      event.preventDefault();
      const step = event.key === "ArrowDown" ? 1 : -1;
      choose(((chosen + step + 1 + items.length + 1) % (items.length + 1)) - 1); // past the last one: the text itself
    } else if (event.key === "Enter") {
      event.preventDefault();
      if (chosen >= 0) open(items[chosen]);
      else if (input.value.trim()) submit(input.value.trim());
    } else if (event.key === "Escape" && items.length && !input.closest("dialog")) {
      event.preventDefault();
      show([]);
    }
  });
  input.addEventListener("blur", () => input.closest("dialog") || show([]));
  show([]);
  return { ask };
}
