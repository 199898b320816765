// A page of ours that opens in place, in a frame that is made when it is asked for.
import { chosenTheme, onSchemeChange } from "./scheme.js";

for (const details of /** @type {NodeListOf<HTMLDetailsElement>} */ (document.querySelectorAll("details[data-embedded-page]"))) {
  details.dataset.tools = "ready";
  details.addEventListener("toggle", () => {
    if (!details.open || details.querySelector("iframe")) return;
    const address = new URL(details.dataset.embeddedPage, document.baseURI);
    address.searchParams.set("embedded", "1");
    const frame = Object.assign(document.createElement("iframe"), { src: address.href, title: details.dataset.title });
    details.append(frame);
    onSchemeChange(() => {
      const root = frame.contentDocument?.documentElement;
      if (root) root.dataset.theme = chosenTheme();
    });
  });
}
