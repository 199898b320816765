// The result's numbers, two columns of them against each other.
import { colour, embed, onThemeChange, setRange } from "../lightcurves/plots.js";
import { asked, say } from "../ui/ask.js";
import { span, turned } from "../ui/scales.js";

const UPSIDE_DOWN = "mag"; // a column of magnitudes: bright is up

export async function draw(data) {
  if (!data) return;
  const columns = new Map(JSON.parse(data.textContent).map((one) => [one.name, one]));
  const place = document.getElementById("result");
  const part = place.closest("details");
  part.dataset.tools = "ready";
  try {
    await embed(await asked(place.dataset.document), "result", (plot) => connect(plot, columns));
    place.classList.add("ready");
  } catch (error) {
    part.querySelector(".axes").hidden = true;
    place.hidden = true;
    say(document.getElementById("plot-said"), "The plot cannot be shown", error, "The table has its numbers.");
  }
}

function connect(plot, columns) {
  const choices = ["x", "y"].map((axis) => document.getElementById(`plot-${axis}`));
  const show = () => {
    const [x, y] = choices.map((choice) => columns.get(choice.value));
    const rows = x.values.map((_, k) => k).filter((k) => x.values[k] !== null && y.values[k] !== null);
    const of = (column) => rows.map((k) => column.values[k]);
    plot.source("points").data = { x: of(x), y: of(y) };
    paint(plot);
    label(plot.figure.below, x);
    label(plot.figure.left, y);
    fit(plot.figure.x_range, of(x), x.name === "ra" || x.name === "s_ra");
    fit(plot.figure.y_range, of(y), y.unit === UPSIDE_DOWN);
  };
  for (const choice of choices) choice.addEventListener("change", show);
  onThemeChange(() => paint(plot));
  show();
}

// The marks take the colours of the page.
export function paint(plot) {
  for (const name of ["dots", "boxes"]) {
    plot.bokeh.get_model_by_name(name).glyph.setv({ fill_color: { value: colour("own") }, line_color: { value: colour("own") } });
  }
}

// What an axis is of.
export function label([axis], column) {
  const name = column.label ?? column.name;
  axis.axis_label = column.unit ? `${name} (${column.unit})` : name;
}

// The range of the values with a margin; turned for magnitudes and for right ascension.
export function fit(range, values, isTurned) {
  if (!values.length) return;
  const ends = span(values, { alone: 0.04 });
  setRange(range, isTurned ? turned(ends) : ends);
}
