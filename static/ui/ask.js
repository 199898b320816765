// What scripts ask of a server, in one place: an answer, or a Problem in words for a person.

const PATIENCE = 60_000; // ms until an answer must have begun; searches of the server end before
const KINDS = { offline: "this computer is offline", unreachable: "the server cannot be reached", slow: "the server takes too long" };

// Why there is no answer; `kind` says which (offline, unreachable, slow, signed-out, refused, unreadable, …), `link` leads to the sign-in page.
export class Problem extends Error {
  /** @param {string} kind @param {string} message @param {{status?: number, link?: string}} [more] */
  constructor(kind, message, { status = 0, link = "" } = {}) {
    super(message);
    this.kind = kind;
    this.status = status;
    this.link = link;
  }
}

/**
 * The answer to a request that succeeded. An abort is thrown as it is (see `isAbort`).
 * @param {string | URL} address
 * @param {RequestInit & {patience?: number}} [options] as of fetch, and ms until the answer must have begun
 */
export async function fetched(address, { patience = PATIENCE, signal = null, ...options } = {}) {
  const late = new AbortController();
  const timer = setTimeout(() => late.abort(), patience);
  const signals = signal ? [signal, late.signal] : [late.signal];
  let answer;
  try {
    answer = await fetch(address, { ...options, signal: AbortSignal.any(signals) });
  } catch (error) {
    if (signal?.aborted) throw error;
    const kind = late.signal.aborted ? "slow" : navigator.onLine === false ? "offline" : "unreachable";
    throw new Problem(kind, `${KINDS[kind]}; try again later`);
  } finally {
    clearTimeout(timer);
  }
  if (isSignIn(answer, address)) {
    void answer.body?.cancel(); // nobody reads it
    throw new Problem("signed-out", "you are not signed in any more", { status: 401, link: signInLink() });
  }
  if (!answer.ok) throw new Problem("refused", await wordsOf(answer), { status: answer.status });
  return answer;
}

/**
 * The JSON of an answer.
 * @param {string | URL} address
 * @param {RequestInit & {patience?: number}} [options]
 * @returns {Promise<any>}
 */
export async function asked(address, options = {}) {
  const answer = await fetched(address, options);
  return answer.json().catch((error) => {
    throw isAbort(error) ? error : new Problem("unreadable", "the server's answer is not readable; try again later");
  });
}

export const isAbort = (error) => error?.name === "AbortError";

// For questions of which only the latest counts: each call ends the one before and gives the signal of the new one.
export function latest() {
  let asking = new AbortController();
  return () => {
    asking.abort();
    asking = new AbortController();
    return asking.signal;
  };
}

/**
 * Writes why something is not there into an element, with the link to sign in again where that helps.
 * @param {HTMLElement} place
 * @param {string} before as "No suggestions"; may be empty
 * @param {Error} error
 * @param {string} [after] a sentence on what is there instead
 */
export function say(place, before, error, after = "") {
  /** @type {(string | Node)[]} */
  const parts = [`${before ? `${before}: ` : ""}${error.message.replace(/\.$/, "")}`];
  const link = error instanceof Problem ? error.link : "";
  if (link) parts.push("; ", Object.assign(document.createElement("a"), { href: link, textContent: "sign in" }), ", then try again");
  place.replaceChildren(...parts, ".", after ? ` ${after}` : "");
}

// Who is not signed in any more is told so (401), or led to another page, which is no answer to what was asked.
function isSignIn(answer, address) {
  if (answer.status === 401) return true;
  return answer.redirected && new URL(answer.url).pathname !== new URL(address, document.baseURI).pathname;
}

// The page to sign in, which leads back here.
function signInLink() {
  const page = document.documentElement.dataset.signIn;
  return page ? `${page}?${new URLSearchParams({ next: location.pathname + location.search })}` : "";
}

// The server's own words where it gives some: JSON with `detail` (RFC 9457), or a line of plain text.
export async function wordsOf(answer) {
  const type = answer.headers.get("Content-Type") ?? "";
  const isText = /json|text\/plain/.test(type);
  if (!isText) void answer.body?.cancel();
  const body = isText ? await answer.text().catch(() => "") : "";
  const words = type.includes("json") ? detailOf(body) : body.trim().split("\n")[0].slice(0, 300);
  return words || (answer.status === 404 ? "it is not here, or not open to you (404)" : `the server answers ${answer.status}`);
}

function detailOf(body) {
  try {
    const { detail } = JSON.parse(body);
    return typeof detail === "string" ? detail : "";
  } catch {
    return "";
  }
}
