// The sky map: our surveys in Aladin Lite, layers over them, what lies at a place. It asks nobody but this server.
import A from "../vendor/aladin.js";
import { token } from "../ui/scheme.js";
import { degrees, galactic, hours } from "../workbench/sky.js";
import { showHere } from "./here.js";
import { connectLayers } from "./layers.js";
import { connectNights } from "./nights.js";
import { connectRegions } from "./regions.js";

const place = document.getElementById("aladin");
const sky = JSON.parse(document.getElementById("sky-data").textContent);
const readout = document.getElementById("sky-readout");

// A survey is given as its address, and hipsList is empty: given as objects, or left to its defaults, Aladin Lite asks
// servers elsewhere.
const surveyOf = (address) => new URL(address, document.baseURI).href.replace(/\/$/, "");

function made() {
  return A.aladin(place, {
    survey: surveyOf(sky.surveys[0].url), hipsList: [], cooFrame: "ICRSd", log: false,
    target: `${sky.ra} ${sky.dec}`, fov: sky.fov * Math.max(1, place.clientWidth / place.clientHeight),
    showShareControl: false, showSimbadPointerControl: false, showLayersControl: false, showFrame: false,
    showGotoControl: false, showProjectionControl: false, showSettingsControl: false, showStatusBar: false,
    showCooLocation: false, showZoomControl: true, showFullscreenControl: false, showCooGridControl: true,
    showColorPickerControl: false, samp: false,
  });
}

// Its controls are pictures without words.
const NAMES = { "aladin-zoom-in": "Zoom in", "aladin-zoom-out": "Zoom out", "aladin-grid-control": "Coordinate grid" };
function nameControls() {
  for (const button of place.querySelectorAll("button")) {
    const name = Object.keys(NAMES).find((each) => button.closest(`.${each}`));
    button.setAttribute("aria-label", NAMES[name] ?? "Map control");
  }
  for (const picture of place.querySelectorAll("img")) picture.alt = "";
}

// Footprints of the search, of each filter in its colour (the sky is dark in either scheme), with the night of each.
function footprints(map) {
  const drawn = [];
  for (const filter of new Set(sky.footprints.map((one) => one.filter))) {
    const overlay = A.graphicOverlay({ name: filter, color: token(`filter-${filter}`, place), lineWidth: 2 });
    map.addOverlay(overlay);
    for (const one of sky.footprints.filter((each) => each.filter === filter)) {
      const shape = A.polygon(one.corners);
      overlay.add(shape);
      drawn.push({ shape, night: one.night });
    }
  }
  return drawn;
}

function wordsOf(ra, dec) {
  const { l, b } = galactic(ra, dec);
  return `RA ${ra.toFixed(5)}°, Dec ${dec.toFixed(5)}° (ICRS) · ${hours(ra)} ${degrees(dec)} · l ${l.toFixed(4)}°, b ${b.toFixed(4)}°`;
}

function connectSurveys(map) {
  const buttons = document.querySelectorAll("[data-survey]");
  for (const button of buttons) {
    button.addEventListener("click", () => {
      map.setImageSurvey(surveyOf(button.dataset.survey));
      for (const other of buttons) other.setAttribute("aria-pressed", String(other === button));
    });
  }
}

try {
  await A.init;
  place.dataset.tools = "ready";
  const map = made();
  nameControls();
  connectSurveys(map);
  const layers = connectLayers(map, A, sky, footprints(map));
  connectNights(sky.nights, layers.night);
  const regions = connectRegions(map, A);
  map.on("click", ({ ra, dec, isDragging }) => isDragging || regions.corner(ra, dec) || showHere(ra, dec));
  map.on("mouseMove", ({ ra, dec }) => Number.isFinite(ra) && (readout.textContent = wordsOf(ra, dec)));
  document.querySelectorAll("[data-map]").forEach((part) => (part.dataset.tools = "ready"));
  document.getElementById("drawing").hidden = true;
  document.body.dataset.sky = "ready";
} catch (error) {
  place.hidden = true;
  document.querySelectorAll("[data-map]").forEach((part) => (part.hidden = true));
  document.getElementById("sky-said").textContent =
    `The map cannot be drawn (${error.message ?? error}). The drawing below and the table of images show the same places.`;
}
