// JS9 as an engine: its scripts, loaded when the page stands, and FITS images in it. It asks nobody but this server.

import { fetched } from "../ui/ask.js";

const EMPTY = "data:image/gif;base64,R0lGODlhAQABAAAAACw="; // for pictures of windows that it never opens
const NOTHING = Array(3).fill("display value/position"); // it would change contrast where we pan and draw
const OPTIONS = {
  mouseActions: NOTHING, touchActions: NOTHING,
  helperType: "none", alerts: false, dynamicSelect: false, resizeHandle: false, updateTitlebar: false,
  processQueryParams: false, localStorage: false, waitType: "mouse", editRegions: false, mousetouchZoom: false,
  metaClickPan: false, regIncludeJSON: false, regIncludeComments: false, refreshDragDrop: false, quietReturn: true,
  clickToFocus: true, regArrowCrosshair: false, extendedPlugins: false,
};
const REGIONS = { strokeWidth: 2, borderColor: "#38bdf8", cornerColor: "#38bdf8", cornerSize: 9 };

function script(address) {
  return new Promise((resolve, reject) => {
    const element = document.createElement("script");
    element.src = address;
    element.onload = resolve;
    element.onerror = () => reject(new Error("a part of the viewer did not load"));
    document.head.append(element);
  });
}

// Loads JS9 and begins its display in the element #JS9; `files` are the addresses of its parts by name. A display
// needs its size before.
export async function start(files) {
  window.Module = {};
  window.JS9Prefs = { globalOpts: OPTIONS, imageOpts: { wcsunits: "degrees", valpos: false }, fabricOpts: REGIONS };
  await script(files["js9support.min.js"]);
  await script(files["js9.min.js"]); // it does not begin by itself: data-js9init="false"
  const { JS9, jQuery, Worker } = window;
  const program = new Blob(await bytesOf(files["astroemw.wasm"], () => {}));
  if ((await program.slice(0, 4).text()) !== "\0asm") throw new Error("a part of the viewer is not what it should be");
  const wasm = URL.createObjectURL(program);
  JS9.InstallDir = (name) => (name === "astroemw.wasm" ? wasm : files[name] ?? EMPTY);
  const ready = new Promise((resolve, reject) => {
    jQuery(document).one("JS9:ready", resolve);
    JS9.loadScript = (address) => script(address).catch(reject);
  });
  window.Worker = undefined; // it has one for uploads, which nobody makes here
  JS9.init();
  window.Worker = Worker;
  await ready;
  // Its display keeps the Tab key to itself; all keys are the stage's.
  for (const one of document.querySelectorAll("#JS9, .JS9Container")) one.removeAttribute("tabindex");
  return JS9;
}

// Files that were asked for before JS9 was there to read them.
const begun = new Map();

export function begin(address, onProgress) {
  const bytes = bytesOf(address, onProgress);
  bytes.catch(() => {}); // whoever loads it hears of it
  begun.set(address, bytes);
}

// The bytes of an address, with `onProgress` told the share that has come; a refusal is an error that says what it said.
async function bytesOf(address, onProgress) {
  const answer = await fetched(address);
  const total = Number(answer.headers.get("Content-Length"));
  const reader = answer.body.getReader();
  const parts = [];
  for (let count = 0; ; ) {
    const { done, value } = await reader.read();
    if (done) return parts;
    parts.push(value);
    count += value.length;
    if (total) onProgress(count / total);
  }
}

// A FITS image in JS9. Its name must be its own: JS9 shows a name that it knows again.
export async function load(JS9, name, address, onProgress) {
  const early = begun.get(address);
  begun.delete(address);
  const blob = new Blob(await (early ?? bytesOf(address, onProgress)));
  if ((await blob.slice(0, 6).text()) !== "SIMPLE") throw new Error("what came is no FITS file; are you still signed in?");
  Object.assign(blob, { name: `${name}.fits` });
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => reject(new Error("it was not read within a minute")), 60_000);
    try {
      JS9.Load(blob, { zoom: "toFit", scaleclipping: "dataminmax", onload: (image) => {
        clearTimeout(timer);
        image.setWCSSys?.("ICRS", false);
        image.setWCSUnits?.("degrees", false);
        resolve(image);
      } });
    } catch (error) {
      clearTimeout(timer);
      reject(error);
    }
  });
}
