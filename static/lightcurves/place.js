// What stands around a light curve and comes after it: the strip of exposures.

import { fetched, say } from "../ui/ask.js";

const strip = document.getElementById("strip");

async function showStrip() {
  strip.innerHTML = await (await fetched(strip.dataset.address)).text();
  strip.dataset.ready = "true";
}

if (strip) {
  showStrip().catch((error) => {
    const said = Object.assign(document.createElement("p"), { className: "error", role: "alert" });
    say(said, "The strip cannot be shown here", error, "The page of exposures has it.");
    strip.replaceChildren(said);
  });
}
