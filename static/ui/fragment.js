// Parts of a page that come when the menu around them opens: `data-on-open` is their address, a link inside leads there without script.
import { fetched, say } from "./ask.js";

for (const part of document.querySelectorAll("[data-on-open]")) {
  const menu = part.closest("details");
  const come = async () => {
    if (!menu.open || "come" in part.dataset) return;
    part.dataset.come = "";
    try {
      part.innerHTML = await (await fetched(part.dataset.onOpen)).text();
    } catch (error) {
      delete part.dataset.come; // opened again, it is asked for again
      const line = Object.assign(document.createElement("p"), { className: "error" });
      line.setAttribute("role", "alert");
      say(line, "This cannot be shown", error);
      part.replaceChildren(line);
    }
  };
  menu.addEventListener("toggle", come);
  void come();
}
