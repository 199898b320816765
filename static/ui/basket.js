// @ts-check
// Rows that are kept across searches: their kind (sci, ref, alert, object) and number, and nothing of their content,
// which may be closed to whoever sits at this browser next.
import { read, write } from "./kept.js";

/** @typedef {{kind: string, id: string}} Item */

const NAME = "basket";
export const MOST = 300; // of each kind, as archive/tables/pages/choosing.py has it: more do not fit into a condition
const KINDS = ["sci", "ref", "alert", "object"];

/** @param {any} one @returns {one is Item} */
function isItem(one) {
  return typeof one === "object" && one !== null && KINDS.includes(one.kind) && /^[0-9]{1,19}$/.test(one.id);
}

export const items = () => read(NAME, isItem).map(({ kind, id }) => ({ kind, id }));

/**
 * Puts rows into the basket. Those that are there stay where they are.
 * @param {Item[]} rows
 * @returns {{added: number, full: boolean, kept: boolean}}
 */
export function add(rows) {
  const all = items();
  const known = new Set(all.map((one) => `${one.kind} ${one.id}`));
  const fresh = rows.filter((one) => !known.has(`${one.kind} ${one.id}`));
  const counts = new Map(KINDS.map((kind) => [kind, all.filter((one) => one.kind === kind).length]));
  const taken = fresh.filter((one) => {
    const count = (counts.get(one.kind) ?? 0) + 1;
    counts.set(one.kind, count);
    return count <= MOST;
  });
  return { added: taken.length, full: taken.length < fresh.length, kept: write(NAME, [...all, ...taken]) };
}

/** @param {(one: Item) => boolean} isDropped */
export const drop = (isDropped) => write(NAME, items().filter((one) => !isDropped(one)));
