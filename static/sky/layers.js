// Layers over the sky: footprints of the search, coverage maps, alerts and light curves of what is in view.
import { asked } from "../ui/ask.js";
import { token } from "../ui/scheme.js";

const WIDEST = { alerts: 10, objects: 0.3 }; // degrees of the view in which each can be asked for
const MOST = 2000; // sources drawn
const STYLES = { alerts: ["triangle", "bad"], objects: ["circle", "link"] };
const said = document.getElementById("sky-said");

export function connectLayers(map, A, footprints) {
  const catalogs = new Map(), mocs = new Map();

  const draw = {
    footprints: (on) => footprints.forEach((one) => (on ? one.show() : one.hide())),
    moc: (on, box) => {
      if (!mocs.has(box)) {
        const moc = A.MOCFromURL(new URL(box.dataset.url, document.baseURI).href, { color: token(box.dataset.colour), opacity: 0.25, fill: true });
        map.addMOC(moc);
        mocs.set(box, moc);
      } else mocs.get(box)[on ? "show" : "hide"]();
    },
    catalog: async (on, box) => {
      const kind = box.dataset.kind;
      if (!catalogs.has(kind)) {
        const [shape, colour] = STYLES[kind];
        const catalog = A.catalog({ name: kind, shape, sourceSize: 12, color: token(colour), onClick: "showPopup" });
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
    const radius = kind === "objects" ? Math.min(600, width * 1800) : width / 2;
    const rows = (await asked(`${box.dataset.url}?${new URLSearchParams({ position: `${ra} ${dec}`, radius: `${radius}`, format: "json" })}`)).rows;
    catalog.removeAll();
    catalog.addSources(rows.slice(0, MOST).map((row) => A.source(row.ra, row.dec, popup(kind, row))));
    said.textContent = rows.length > MOST ? `The first ${MOST} of ${rows.length} ${box.dataset.name}.` : `${rows.length} ${box.dataset.name} in view.`;
  }

  const popup = (kind, row) => kind === "alerts"
    ? { popupTitle: row.objectid, popupDesc: `<a href="/alerts/${row.candid}/">alert ${row.candid}</a><br>${row.magpsf.toFixed(2)} mag` }
    : { popupTitle: `${row.oid}`, popupDesc: `<a href="/objects/${row.oid}/">light curve</a><br>${row.filtercode}` };

  for (const box of document.querySelectorAll("[data-layer]")) {
    const apply = async () => {
      try {
        await draw[box.dataset.layer](box.checked, box);
      } catch (error) {
        said.textContent = `${box.dataset.name ?? "The layer"} cannot be shown: ${error.message}.`;
      }
    };
    box.addEventListener("change", apply);
    if (box.dataset.layer === "catalog") { // what is in view changes
      for (const event of ["positionChanged", "zoomChanged"]) map.on(event, later(() => box.checked && apply()));
    }
  }
}

function later(act) {
  let timer = 0;
  return () => {
    clearTimeout(timer);
    timer = setTimeout(act, 600);
  };
}
