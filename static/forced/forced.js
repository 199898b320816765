// A forced light curve: Bokeh's plot in the place of the drawing.
import { colour, embed, onThemeChange } from "../lightcurves/plots.js";

const place = document.getElementById("forced");

async function start() {
  const address = place.dataset.document;
  const { points } = await (await fetch(address)).json();
  const plots = await embed(address, ["forced"]);
  const good = points.filter((one) => one.flux !== null);
  const column = (of) => good.map(of);
  const fill = () => {
    plots.forced.source("points").data = {
      mjd: column((one) => one.mjd),
      flux: column((one) => one.flux),
      error: column((one) => one.fluxerr),
      low: column((one) => one.flux - one.fluxerr),
      high: column((one) => one.flux + one.fluxerr),
      band: column((one) => one.filtercode),
      colour: column((one) => colour(one.filtercode, one.procstatus !== "0" && one.procstatus !== "57")),
      mag: column((one) => (one.mag === null ? `> ${one.limitmag?.toFixed(2)}` : `${one.mag.toFixed(3)} ± ${one.magerr.toFixed(3)}`)),
      pid: column((one) => one.pid),
      image: column((one) => one.image),
      status: column((one) => one.procstatus),
    };
  };
  onThemeChange(fill);
  fill();
  place.classList.add("ready");
}

start();
