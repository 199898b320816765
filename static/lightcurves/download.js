// What is shown as files, and the calls that fetch it.

import { MEASURES, phaseOf } from "./points.js";

const FIELDS = [
  ["kind", "char", "", "point, own, near (a neighbour), limit, alert, forced, or bin"], ["oid", "long", "", "object"], ["pid", "long", "", "image"],
  ["filtercode", "char", "", "filter"], ["mjd", "double", "d", "start of the exposure (UTC)"], ["hjd", "double", "d", "heliocentric Julian date of the middle"],
  ["mag", "double", "mag", "magnitude; of an alert: of its difference; of a limit: 5 sigma"], ["magerr", "double", "mag", "uncertainty"],
  ["catflags", "int", "", "mask bits"], ["shown", "double", "", "the value on the plot's axis"], ["shownerr", "double", "", "its uncertainty"],
  ["phase", "double", "", "with the period in use"],
];

// Rows of the light curve's plot, by time.
export function table(rows, state) {
  return [...rows].sort((a, b) => a.mjd - b.mjd).map((row) => {
    const one = row.point;
    const phase = state.period ? phaseOf(one, state.period, state.usedEpoch).toFixed(6) : "";
    const values = [
      one.bin ? "bin" : one.kind, one.oid, one.pid, one.band, fixed(one.start, 8), fixed(one.hjd, 8), fixed(one.mag, 5), fixed(one.err, 5),
      one.flags, fixed(row.y, 5), fixed(row.err, 5), phase,
    ];
    return values.map((value) => (value === null || value === undefined ? "" : `${value}`));
  });
}

const fixed = (value, digits) => (value === null || value === undefined ? "" : Number(value).toFixed(digits));

export function csv(rows, state) {
  const quoted = (text) => (/[",\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text);
  return [FIELDS.map(([name]) => name), ...table(rows, state).map((row) => row.map(quoted))].map((row) => row.join(",")).join("\n") + "\n";
}

export function votable(rows, state) {
  const cell = (text, k) => `<TD>${text === "" && isWhole(FIELDS[k][1]) ? NO_NUMBER : escaped(text)}</TD>`;
  const lines = [
    '<?xml version="1.0" encoding="UTF-8"?>',
    '<VOTABLE version="1.4" xmlns="http://www.ivoa.net/xml/VOTable/v1.3"><RESOURCE type="results"><TABLE>',
    ...FIELDS.map((field) => declared(field, state)),
    "<DATA><TABLEDATA>",
    ...table(rows, state).map((row) => `<TR>${row.map(cell).join("")}</TR>`),
    "</TABLEDATA></DATA></TABLE></RESOURCE></VOTABLE>",
  ];
  return `${lines.join("\n")}\n`;
}

const NO_NUMBER = "-1"; // whole numbers of a VOTable cannot be left out
const isWhole = (type) => type === "long" || type === "int";
const escaped = (text) => text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;").replaceAll('"', "&quot;");

/** @param {string[]} field @param {any} state */
function declared([name, type, unit, meaning], state) {
  const size = type === "char" ? ' arraysize="*"' : "";
  const text = escaped(name === "shown" ? MEASURES[state.measure].label : meaning);
  const none = isWhole(type) ? `<VALUES null="${NO_NUMBER}"/>` : "";
  return `<FIELD name="${name}" datatype="${type}"${size}${unit ? ` unit="${unit}"` : ""}><DESCRIPTION>${text}</DESCRIPTION>${none}</FIELD>`;
}

// A plot as it stands, as PNG or SVG. The live view paints on pixels, so SVG comes from a copy that paints vectors.
export async function picture(plot, documents, kind) {
  if (kind === "png") return (await viewOf(plot)).export("png").to_blob();
  const place = Object.assign(document.createElement("div"), { className: "aside" });
  place.style.width = `${document.getElementById(plot.name).clientWidth}px`;
  document.body.append(place);
  const copy = JSON.parse(JSON.stringify(documents[plot.name]));
  const views = await window.Bokeh.embed.embed_item(copy, place);
  const bokeh = window.Bokeh.documents.at(-1);
  try {
    const figure = bokeh.get_model_by_name(plot.name);
    figure.output_backend = "svg";
    alike(figure, plot.figure);
    for (const name of ["points", "spectrum", "aliases", "peaks"]) {
      const source = bokeh.get_model_by_name(name);
      if (source) source.data = { ...plot.source(name).data };
    }
    await settled();
    return await (await viewOf({ figure, views })).export("svg").to_blob();
  } finally {
    for (const view of Object.values(views.roots ?? {})) view.remove?.();
    window.Bokeh.documents.splice(window.Bokeh.documents.indexOf(bokeh), 1);
    place.remove();
  }
}

function alike(copy, figure) {
  const take = (to, from, names) => to.setv(Object.fromEntries(names.map((name) => [name, from[name]])));
  take(copy, figure, ["background_fill_color", "border_fill_color", "outline_line_color"]);
  take(copy.x_range, figure.x_range, ["start", "end"]);
  take(copy.y_range, figure.y_range, ["start", "end"]);
  const inks = ["axis_label", "visible", "axis_label_text_color", "major_label_text_color", "axis_line_color", "major_tick_line_color", "minor_tick_line_color"];
  [...figure.left, ...figure.below].forEach((axis, k) => take([...copy.left, ...copy.below][k], axis, inks));
  figure.center.forEach((part, k) => "grid_line_color" in part && (copy.center[k].grid_line_color = part.grid_line_color));
  figure.renderers.forEach((one, k) => (copy.renderers[k].visible = one.visible));
}

const settled = () => new Promise((done) => setTimeout(done, 300));

async function viewOf({ figure, views }) {
  for (const view of views) if (view.model === figure) return view;
  throw new Error("the plot is not drawn");
}

export function give(content, name, type) {
  const blob = content instanceof Blob ? content : new Blob([content], { type });
  const link = Object.assign(document.createElement("a"), { href: URL.createObjectURL(blob), download: name });
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 10_000);
}

const MOST_IN_CALL = 60; // excluded points; with more a call is too long to be read, and for some servers

// The archive's part of what is shown, as an address.
function question(state, more, pids) {
  const parts = new URLSearchParams({ together: "1", ...more });
  if (state.bands.size < state.allBands.length) parts.set("bands", [...state.bands].join(","));
  if (state.mask) parts.set("mask", state.mask);
  if (pids.length && pids.length <= MOST_IN_CALL) parts.set("exclude", pids.join(","));
  return parts;
}

export function calls(state, pointsAddress, periodogramAddress) {
  if (!state.bands.size) {
    const none = "# No filter is on: there is nothing to ask for.";
    return { curl: none, python: none };
  }
  const pids = [...state.excluded].filter((key) => /^\d+$/.test(key));
  const note = pids.length > MOST_IN_CALL
    ? [`# The ${pids.length} excluded points are not left out here: a call has room for ${MOST_IN_CALL}. The CSV above is without them.`] : [];
  const absolute = (address, parts) => `${new URL(address, window.location.href)}?${parts}`;
  const points = absolute(pointsAddress, question(state, { format: "csv" }, pids));
  const period = absolute(periodogramAddress, question(state, { method: state.method, fmax: state.fmax, ...(state.fmin ? { fmin: state.fmin } : {}) }, pids));
  const python = [
    ...note, "import pandas", "import requests", "", `curve = pandas.read_csv("${points}")`, `periods = requests.get("${period}").json()`,
    'print(len(curve), "points; best period", periods["period"], "d")',
  ];
  return { curl: [...note, `curl '${points}'`, `curl '${period}'`].join("\n"), python: python.join("\n") };
}

// The link to the figure as PDF says what the page shows; where an address cannot hold that, it says so and leads nowhere.
export function figureLink(link, state) {
  if (!link) return;
  const pids = [...state.excluded].filter((key) => /^\d+$/.test(key));
  link.dataset.address ??= new URL(link.href).pathname;
  const possible = state.bands.size > 0 && pids.length <= MOST_IN_CALL;
  link.textContent = possible ? "Figure (PDF)" : state.bands.size ? "No figure: more points are excluded than a link holds" : "No figure: no filter is on";
  if (!possible) return link.removeAttribute("href");
  const parts = { bands: [...state.bands].join(","), mask: `${state.mask}`, together: "1" };
  if (pids.length) parts.exclude = pids.join(",");
  if (state.period) parts.period = `${Number(state.period.toPrecision(10))}`;
  if (state.period && state.usedEpoch > 0) parts.epoch = state.usedEpoch.toFixed(6);
  if (state.measure === "aligned") parts.aligned = "1";
  link.href = `${link.dataset.address}?${new URLSearchParams(parts)}`;
}
