// What was run in this browser, newest first; it stays here.
const KEY = "queries", LONGEST = 50;

// A browser may keep nothing, and what stands there may be another program's: neither stops the page.
function read() {
  try {
    const kept = JSON.parse(localStorage.getItem(KEY) ?? "[]");
    return Array.isArray(kept) ? kept.filter((one) => typeof one === "string") : [];
  } catch {
    return [];
  }
}

function write(texts) {
  try {
    localStorage.setItem(KEY, JSON.stringify(texts));
  } catch {
    // nothing is kept, then
  }
}

export function remember(section, field) {
  const list = section.querySelector("ol");
  const show = () => {
    list.replaceChildren(...read().map((text) => {
      const link = document.createElement("a"), code = document.createElement("code"), item = document.createElement("li");
      link.href = `${location.pathname}?${new URLSearchParams({ query: text })}`;
      link.title = text;
      code.textContent = text.replace(/\s+/g, " ");
      link.append(code);
      item.append(link);
      return item;
    }));
    section.hidden = !list.children.length;
  };
  const keep = () => {
    const text = field.value.trim();
    if (text) write([text, ...read().filter((one) => one !== text)].slice(0, LONGEST));
  };
  for (const form of [field.form, document.getElementById("job-form")]) form.addEventListener("submit", keep);
  section.querySelector("button").addEventListener("click", () => {
    write([]);
    show();
  });
  show();
}
