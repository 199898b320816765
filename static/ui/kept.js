// @ts-check
// Lists that this browser keeps, and nobody else has. A browser may keep nothing, and what stands there may be another
// program's: neither stops a page.

/**
 * The list that is kept under a name, without what is not of its kind.
 * @template T
 * @param {string} name
 * @param {(one: unknown) => one is T} isOne
 * @returns {T[]}
 */
export function read(name, isOne) {
  try {
    const kept = JSON.parse(localStorage.getItem(name) ?? "[]");
    return Array.isArray(kept) ? kept.filter(isOne) : [];
  } catch {
    return [];
  }
}

/** Keeps a list; false where the browser does not. @param {string} name @param {unknown[]} list */
export function write(name, list) {
  try {
    localStorage.setItem(name, JSON.stringify(list));
    return true;
  } catch {
    return false;
  }
}
