// The front page's box suggests while one types; a list that is dropped on it is searched.
import { suggestFor } from "./combobox.js";

const form = document.getElementById("find");
const box = document.getElementById("find-text");
const found = document.getElementById("find-found");
box.setAttribute("role", "combobox");
box.setAttribute("aria-controls", found.id);
box.setAttribute("aria-autocomplete", "list");
box.setAttribute("aria-expanded", "false");
suggestFor(box, found, form.dataset.suggestions, { submit: () => form.requestSubmit() });

const list = document.getElementById("drop");
const hero = list.closest(".hero");
for (const [kind, over] of [["dragover", true], ["dragleave", false], ["drop", false]]) {
  hero.addEventListener(kind, (event) => {
    if (!event.dataTransfer?.types.includes("Files")) return;
    event.preventDefault();
    list.classList.toggle("over", over);
  });
}
hero.addEventListener("drop", (event) => {
  if (!event.dataTransfer?.files.length) return;
  list.querySelector("input[type=file]").files = event.dataTransfer.files;
  list.requestSubmit();
});
