// Layers over the sky: footprints of the search, outlines, coverage, alerts, light curves and known objects in view.
import { asked } from "../ui/ask.js";
import { token } from "../ui/scheme.js";

const WIDEST = { alerts: 10, objects: 0.3, known: 360 }; // degrees of the view in which each can be asked for
const MOST = 2000; // sources drawn
const STYLES = { alerts: ["triangle", "bad"], objects: ["circle", "link"], known: ["rhomb", "warn"] };
const said = document.getElementById("sky-said");
const place = document.getElementById("aladin"); // the sky is dark in either scheme
const knownTime = /** @type {HTMLInputElement} */ (document.getElementById("known-time"));

const nextDay = (night) => new Date(Date.parse(night) + 86400e3).toISOString().slice(0, 10);

/**
 * What each kind of source is asked for in a view, and what its rows say.
 * @type {Record<string, {query: (view: {ra: number, dec: number, width: number}, night: string) => Record<string, string | number>, popup: (row: any) => object}>}
 */
const KINDS = {
  alerts: {
    query: ({ ra, dec, width }, night) => ({ position: `${ra} ${dec}`, radius: width / 2, ...(night ? { since: night, until: nextDay(night) } : {}) }),
    popup: (row) => ({ popupTitle: row.objectid, popupDesc: `<a href="/alerts/${row.candid}/">alert ${row.candid}</a><br>${row.magpsf.toFixed(2)} mag` }),
  },
  objects: {
    query: ({ ra, dec, width }) => ({ position: `${ra} ${dec}`, radius: Math.min(600, width * 1800) }),
    popup: (row) => ({ popupTitle: `${row.oid}`, popupDesc: `<a href="/objects/${row.oid}/">light curve</a><br>${row.filtercode}` }),
  },
  known: {
    query: () => ({ time: knownTime.value }),
    popup: (row) => ({ popupTitle: `(${row.number}) ${row.name}`, popupDesc: `<a href="/moving/?name=${row.number}">its images</a><br>V ${row.vmag?.toFixed(1) ?? "–"}` }),
  },
};

export function connectLayers(map, A, sky, footprints) {
  const catalogs = new Map(), mocs = new Map();
  let night = "", shown = true;

  const drawFootprints = () => {
    for (const one of footprints) one.shape[shown && (!night || one.night === night) ? "show" : "hide"]();
    map.view.requestRedraw();
  };

  const draw = {
    footprints: (on) => {
      shown = on;
      drawFootprints();
    },
    outline: (on, box) => {
      const { percent } = box.dataset;
      if (!mocs.has(box)) {
        const outline = sky.outlines.find((one) => String(one.percent) === percent);
        const color = token(percent === "50" ? "bad" : "warn", place);
        const parts = [{ perimeter: true, lineWidth: 3 }, { fill: true, fillColor: color, opacity: 0.2 }]
          .map((style) => A.MOCFromJSON(outline.moc, { name: `${percent} %`, color, ...style }));
        parts.forEach((part) => map.addMOC(part));
        mocs.set(box, parts);
      }
      mocs.get(box).forEach((part) => part[on ? "show" : "hide"]());
    },
    moc: (on, box) => {
      if (!mocs.has(box)) {
        const moc = A.MOCFromURL(new URL(box.dataset.url, document.baseURI).href, { color: token(box.dataset.colour, place), opacity: 0.25, fill: true });
        map.addMOC(moc);
        mocs.set(box, moc);
      } else mocs.get(box)[on ? "show" : "hide"]();
    },
    catalog: async (on, box) => {
      const kind = box.dataset.kind;
      if (!catalogs.has(kind)) {
        const [shape, colour] = STYLES[kind];
        const catalog = A.catalog({ name: kind, shape, sourceSize: 12, color: token(colour, place), onClick: "showPopup" });
        map.addCatalog(catalog);
        catalogs.set(kind, catalog);
      }
      const catalog = catalogs.get(kind);
      if (!on) return catalog.hide();
      catalog.show();
      await fill(catalog, kind, box);
    },
  };

  async function fill(catalog, kind, box) {
    const [ra, dec] = map.getRaDec(), width = Math.min(...map.getFov());
    if (width > WIDEST[kind]) {
      said.textContent = `Zoom in to ${WIDEST[kind]}° or less to see ${box.dataset.name}.`;
      return;
    }
    const query = new URLSearchParams({ ...KINDS[kind].query({ ra, dec, width }, night), format: "json" });
    const rows = (await asked(`${box.dataset.url}?${query}`)).rows;
    catalog.removeAll();
    catalog.addSources(rows.slice(0, MOST).map((row) => A.source(row.ra, row.dec, KINDS[kind].popup(row))));
    const where = kind === "known" ? `at ${knownTime.value.replace("T", " ")} UTC` : night ? `in view on ${night}` : "in view";
    said.textContent = rows.length > MOST ? `The first ${MOST} of ${rows.length} ${box.dataset.name}.` : `${rows.length} ${box.dataset.name} ${where}.`;
  }

  const applying = [];
  for (const box of /** @type {NodeListOf<HTMLInputElement>} */ (document.querySelectorAll("[data-layer]"))) {
    const apply = async () => {
      try {
        await draw[box.dataset.layer](box.checked, box);
      } catch (error) {
        said.textContent = `${box.dataset.name ?? "The layer"} cannot be shown: ${error.message}.`;
      }
    };
    box.addEventListener("change", apply);
    if (box.dataset.layer === "outline") apply();
    if (box.dataset.layer !== "catalog") continue;
    const again = later(() => box.checked && apply());
    applying.push(again);
    if (box.dataset.kind === "known") knownTime.addEventListener("change", again); // which are the same in any view
    else for (const event of ["positionChanged", "zoomChanged"]) map.on(event, again); // what is in view changes
  }

  return {
    // Shows what is of one night; null: of all.
    night: (one) => {
      night = one?.night ?? "";
      drawFootprints();
      applying.forEach((again) => again());
    },
  };
}

function later(act) {
  let timer = 0;
  return () => {
    clearTimeout(timer);
    timer = window.setTimeout(act, 600);
  };
}
