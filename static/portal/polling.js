// Parts of a page that htmx asks for again and again: they stop, and say so, when there is no answer to wait for.
const PATIENCE = 5; // answers in a row that fail before one stops asking; one is enough where nothing will change
const failures = new Map();

const refused = (status) => status >= 400 && status < 500 && status !== 429;

function stop(part, reason) {
  const still = part.cloneNode(true); // htmx knows nothing of it, and stops when the other one is gone
  for (const { name } of [...still.attributes]) if (name.startsWith("hx-")) still.removeAttribute(name);
  const line = Object.assign(document.createElement("p"), { className: "error", textContent: `No more is heard of this: ${reason}. ` });
  line.setAttribute("role", "alert");
  line.append(Object.assign(document.createElement("a"), { href: document.location.href, textContent: "Look again" }));
  still.append(line);
  still.hidden = false;
  part.replaceWith(still);
}

function failed(part, status, reason) {
  const count = (failures.get(part.id) ?? 0) + 1;
  failures.set(part.id, count);
  const again = part.getAttribute("hx-trigger")?.includes("every"); // otherwise nobody asks again after a failure
  if (!again || refused(status) || count >= PATIENCE) stop(part, reason);
}

document.addEventListener("htmx:responseError", ({ detail }) => {
  failed(detail.elt, detail.xhr.status, detail.xhr.status === 404 ? "it is not here any more (404)" : `the server answers ${detail.xhr.status}`);
});
document.addEventListener("htmx:sendError", ({ detail }) => failed(detail.elt, 0, "the server cannot be reached"));
document.addEventListener("htmx:beforeSwap", (event) => {
  const { xhr, elt, requestConfig } = event.detail;
  const [here, there] = [xhr.responseURL, requestConfig.path].map((one) => new URL(one, document.baseURI).pathname);
  if (xhr.status >= 400) return;
  if (here === there) return void failures.delete(elt.id);
  event.detail.shouldSwap = false; // the page to sign in is no answer
  stop(elt, "you are not signed in any more");
});
