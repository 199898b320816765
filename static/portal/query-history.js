// What was run in this browser, newest first; it stays here.
const KEY = "queries", LONGEST = 50;

export function remember(section, field) {
  const list = section.querySelector("ol");
  const read = () => JSON.parse(localStorage.getItem(KEY) ?? "[]");
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
    if (text) localStorage.setItem(KEY, JSON.stringify([text, ...read().filter((one) => one !== text)].slice(0, LONGEST)));
  };
  for (const form of [field.form, document.getElementById("job-form")]) form.addEventListener("submit", keep);
  section.querySelector("button").addEventListener("click", () => {
    localStorage.removeItem(KEY);
    show();
  });
  show();
}
