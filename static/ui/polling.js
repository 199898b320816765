// Parts of a page that are asked for again and again while something runs: `data-poll` is the address of the part.
// They ask less often while nothing changes, not at all while nobody looks, and end when there is nothing to wait for.
import { Problem, fetched, say } from "./ask.js";

const FIRST = 1000, LONGEST = 20_000; // ms between two questions
const SLOWER = 1.3; // times as long after an answer that says nothing new
const FAILURES = 4; // in a row, before one stops asking; one is enough where nothing will change
const UNCHANGED = 3_600_000; // ms without anything new, after which one stops

/**
 * How long to wait after an answer, ms.
 * @param {number} before the last wait
 * @param {boolean} isNew whether the answer said something new
 */
export const nextWait = (before, isNew) => (isNew ? FIRST : Math.min(LONGEST, before * SLOWER));

// Whether a failure is the last: what was refused stays refused, a server that is busy (429) does not stay so.
export function isLast(error, failures) {
  if (failures >= FAILURES) return true;
  if (["signed-out", "unchanged"].includes(error.kind)) return true;
  return error.kind === "refused" && error.status >= 400 && error.status < 500 && error.status !== 429;
}

const textOf = (part) => part.textContent.replace(/\s+/g, " ").trim();
const keyOf = (one) => `${one.tagName} ${one.getAttribute("href") ?? ""} ${one.form?.action ?? ""} ${one.textContent}`;

export function poll(part) {
  const said = Object.assign(document.createElement("p"), { className: "unseen" });
  said.setAttribute("role", "status");
  part.before(said);
  let wait = FIRST, failures = 0, changed = Date.now();

  const later = () => setTimeout(ask, wait);
  const ask = async () => {
    if (document.hidden) return document.addEventListener("visibilitychange", ask, { once: true });
    try {
      const fresh = await partOf(part.dataset.poll);
      failures = 0;
      const isNew = textOf(fresh) !== textOf(part);
      if (isNew) changed = Date.now();
      if (fresh.dataset.state !== part.dataset.state) said.textContent = fresh.dataset.state ?? "";
      if (isNew || !fresh.dataset.poll) take(part, fresh);
      if ("reload" in fresh.dataset) return location.reload();
      if (!fresh.dataset.poll) return undefined;
      if (Date.now() - changed > UNCHANGED) throw new Problem("unchanged", "nothing has changed for an hour");
      wait = nextWait(wait, isNew);
      return later();
    } catch (error) {
      failures += 1;
      wait = nextWait(wait, false);
      if (isLast(error, failures)) return stop(part, error);
      return later();
    }
  };
  later();
}

async function partOf(address) {
  const answer = await fetched(address);
  const fresh = new DOMParser().parseFromString(await answer.text(), "text/html").body.firstElementChild;
  if (!(fresh instanceof HTMLElement)) throw new Problem("unreadable", "the server's answer is not readable");
  return fresh;
}

// The part stays, so that the focus does and what waits for it; only what it holds is new.
function take(part, fresh) {
  const focused = part.contains(document.activeElement) ? keyOf(document.activeElement) : null;
  part.replaceChildren(...fresh.childNodes);
  for (const name of ["poll", "state"]) {
    if (name in fresh.dataset) part.dataset[name] = fresh.dataset[name];
    else delete part.dataset[name];
  }
  part.hidden = fresh.hidden;
  if (focused !== null) [...part.querySelectorAll("a, button, input, select")].find((one) => keyOf(one) === focused)?.focus();
}

function stop(part, error) {
  const line = Object.assign(document.createElement("p"), { className: "error" });
  line.setAttribute("role", "alert");
  say(line, "No more is heard of this", error);
  line.append(" ", Object.assign(document.createElement("a"), { href: location.href, textContent: "Look again" }));
  part.append(line);
  part.hidden = false;
}

if (typeof document !== "undefined") document.querySelectorAll("[data-poll]").forEach(poll);
