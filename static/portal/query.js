// Comfort for the query page; without it everything works as a plain form.
import { edit } from "./query-editor.js";
import "../ui/history.js";
import { draw } from "./query-plot.js";

const field = document.getElementById("query");
const editor = edit(field);

for (const name of document.querySelectorAll("[data-insert]")) {
  const button = document.createElement("button");
  button.type = "button";
  button.className = "link";
  button.title = "Insert into the query";
  name.replaceWith(button);
  button.append(name);
  button.addEventListener("click", () => editor.insert(name.textContent));
}

for (const block of document.querySelectorAll("[data-copy]")) {
  const button = document.createElement("button");
  button.type = "button";
  button.className = "secondary outline copy";
  button.textContent = "Copy";
  button.addEventListener("click", async () => {
    const code = block.querySelector("code");
    const copied = await navigator.clipboard?.writeText(code.textContent).then(() => true, () => false);
    if (!copied) getSelection().selectAllChildren(code);
    button.textContent = copied ? "Copied" : "Selected: copy it with Ctrl+C";
  });
  block.after(button);
}

for (const name of ["save-form", "job-form"]) {
  document.getElementById(name)?.addEventListener("submit", (event) => {
    const { text, query } = event.target.elements;
    (text ?? query).value = editor.text();
  });
}

draw(document.getElementById("plot-columns"));
