// Comfort for the query page; without it everything works as a plain form.

const field = document.getElementById("query");

function insert(text) {
  field.setRangeText(text, field.selectionStart, field.selectionEnd, "end");
  field.focus();
}

function showPlace(line, column) {
  const before = field.value.split("\n").slice(0, line - 1).reduce((sum, one) => sum + one.length + 1, 0);
  const start = before + column - 1;
  const word = /^\w+|^./.exec(field.value.slice(start));
  field.focus();
  field.setSelectionRange(start, start + (word ? word[0].length : 1));
}

field.addEventListener("keydown", (event) => {
  if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) {
    event.preventDefault();
    field.form.requestSubmit();
  }
});

for (const name of document.querySelectorAll("[data-insert]")) {
  const button = document.createElement("button");
  button.type = "button";
  button.className = "link";
  button.title = "Insert into the query";
  name.replaceWith(button);
  button.append(name);
  button.addEventListener("click", () => insert(name.textContent));
}

for (const block of document.querySelectorAll("[data-copy]")) {
  const button = document.createElement("button");
  button.type = "button";
  button.className = "secondary outline copy";
  button.textContent = "Copy";
  button.addEventListener("click", async () => {
    await navigator.clipboard.writeText(block.querySelector("code").textContent);
    button.textContent = "Copied";
  });
  block.after(button);
}

if (field.dataset.line) showPlace(Number(field.dataset.line), Number(field.dataset.column));
