// A forced light curve: Bokeh's plot in the place of the drawing.
import { colour, embed, onThemeChange } from "../lightcurves/plots.js";
import { asked, say } from "../ui/ask.js";
import { fixed, withError } from "../ui/numbers.js";

const place = document.getElementById("forced");

async function start() {
  const documents = await asked(place.dataset.document);
  const good = documents.points.filter((one) => one.flux !== null);
  const fill = (plot) => (plot.source("points").data = columnsOf(good));
  const plot = await embed(documents, "forced", fill);
  onThemeChange(() => fill(plot));
  place.dataset.ready = "true";
}

function columnsOf(points) {
  const column = (of) => points.map(of);
  return {
    mjd: column((one) => one.mjd),
    flux: column((one) => one.flux),
    error: column((one) => one.fluxerr),
    low: column((one) => one.flux - one.fluxerr),
    high: column((one) => one.flux + one.fluxerr),
    band: column((one) => one.filtercode),
    colour: column((one) => colour(["0", "57"].includes(`${one.procstatus}`) ? one.filtercode : "pale")),
    mag: column(magnitude),
    pid: column((one) => one.pid),
    image: column((one) => one.image),
    status: column((one) => one.procstatus),
  };
}

function magnitude({ mag, magerr, limitmag }) {
  if (mag !== null) return withError(mag, magerr, 3);
  return limitmag === null || limitmag === undefined ? "none" : `> ${fixed(limitmag, 2)}`;
}

start().catch((error) => {
  say(document.getElementById("said"), "The plot cannot be shown", error, "The drawing and the table have its points.");
});
