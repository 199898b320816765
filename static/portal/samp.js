import { Problem, fetched } from "../ui/ask.js";

// Sends this page's table or image to the programs on this computer (TOPCAT, Aladin, DS9) through their SAMP hub.
// The web profile of SAMP 1.3 (section 5): XML-RPC to the hub's well-known port, only when a button is pressed.

const HUB = "http://localhost:21012/";
const NAME = "ZTF archive";

function element(name, ...children) {
  const made = document.implementation.createDocument(null, null).createElement(name);
  made.append(...children);
  return made;
}

/** A value of SAMP (text, list or map) as XML-RPC writes it. */
function written(value) {
  if (typeof value === "string") return element("value", element("string", value));
  const members = Object.entries(value).map(([name, one]) => element("member", element("name", name), written(one)));
  return element("value", element("struct", ...members));
}

/** What an element `value` of an answer holds. */
function read(value) {
  const [inside] = value.children;
  if (!inside) return value.textContent;
  if (inside.tagName === "struct") {
    const members = [...inside.children];
    return Object.fromEntries(members.map((one) => [one.children[0].textContent, read(one.children[1])]));
  }
  if (inside.tagName === "array") return [...inside.querySelectorAll(":scope > data > value")].map(read);
  return inside.textContent;
}

/** What `fetch` needs to call a method of the hub. */
function asking(method, values) {
  const params = element("params", ...values.map((value) => element("param", written(value))));
  const whole = element("methodCall", element("methodName", `samp.webhub.${method}`), params);
  const body = `<?xml version="1.0"?>${new XMLSerializer().serializeToString(whole)}`;
  return { method: "POST", body, headers: { "Content-Type": "text/xml" } };
}

/** Call a method of the hub; fails with a Problem where none runs, and with the hub's words where it refuses. */
async function call(method, ...values) {
  const answer = await fetched(HUB, { ...asking(method, values), patience: CONSENT });
  const document_ = new DOMParser().parseFromString(await answer.text(), "text/xml");
  const fault = document_.querySelector("fault > value");
  if (fault) throw new Error(read(fault).faultString);
  const result = document_.querySelector("params > param > value");
  return result ? read(result) : null;
}

const CONSENT = 600_000; // ms: the hub answers when its user has said yes
let key = null; // of this page with the hub

async function register(page) {
  key = (await call("register", { "samp.name": NAME }))["samp.private-key"];
  await call("declareMetadata", key, { "samp.name": NAME, "samp.documentation.url": new URL("/help/", page).href });
}

/** Tell everybody; gives how many programs there are that take such a message. */
export async function broadcast(mtype, url, name) {
  const takers = async () => Object.keys(await call("getSubscribedClients", key, mtype));
  let known = key && (await takers().catch(() => null)); // a hub that was started anew does not know the key
  if (!known) {
    await register(url);
    known = await takers();
  }
  const params = mtype === "image.load.fits" ? { url, "image-id": url, name } : { url, "table-id": url, name };
  if (known.length) await call("notifyAll", key, { "samp.mtype": mtype, "samp.params": params });
  return known.length;
}

// A hub delivers after it has answered, and drops what a sender who has left wanted to say: the page leaves when it goes.
window.addEventListener("pagehide", () => {
  if (key) fetched(HUB, { ...asking("unregister", [key]), keepalive: true }).catch(() => null);
  key = null;
});

async function pressed(button) {
  const said = button.nextElementSibling;
  const url = new URL(button.dataset.samp, document.baseURI).href;
  button.disabled = true;
  said.textContent = "Asking the hub; it may ask you to allow this.";
  try {
    const count = await broadcast(button.dataset.mtype, url, document.title);
    said.textContent = count
      ? `Sent to ${count} program${count === 1 ? "" : "s"}. They fetch it as visitors: what is not public does not come.`
      : "The hub runs, but no program there takes this: start TOPCAT, Aladin or DS9.";
  } catch (problem) {
    said.textContent =
      problem instanceof Problem && problem.kind !== "refused"
        ? "No SAMP hub runs on this computer: start TOPCAT or Aladin, then try again."
        : `The hub refused: ${problem.message}`;
  }
  button.disabled = false;
}

for (const button of document.querySelectorAll("button[data-samp]")) {
  button.hidden = false;
  button.addEventListener("click", () => pressed(button));
}
