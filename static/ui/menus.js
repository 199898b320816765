// Menus (details elements) that close when something else is clicked, and with Escape, which gives the focus back.
export function closeByThemselves(selector) {
  const menus = [...document.querySelectorAll(selector)];
  document.addEventListener("click", (event) => {
    for (const menu of menus) if (menu.open && !menu.contains(event.target)) menu.open = false;
  });
  document.addEventListener("keydown", (event) => {
    const menu = event.key === "Escape" && menus.find((one) => one.open);
    if (!menu) return;
    menu.open = false;
    menu.querySelector("summary").focus();
  });
}
