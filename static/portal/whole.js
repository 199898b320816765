// Says so when a part of the page did not come or failed. It stands first and is small, so that it sees the others.
(() => {
  const say = (text) => {
    const place = document.getElementById("page-said");
    if (place === null) return document.addEventListener("DOMContentLoaded", () => say(text), { once: true });
    place.textContent = text;
    place.hidden = false;
    document.querySelectorAll('[data-tools=""]').forEach((part) => part.setAttribute("hidden", "")); // nobody will connect them
  };
  window.addEventListener("error", (event) => {
    if (event.target instanceof HTMLScriptElement || event.target instanceof HTMLLinkElement) {
      say("A part of this page did not load: plots, maps or buttons may be missing. Reload the page to try again.");
    } else if (event instanceof ErrorEvent) {
      say("Something on this page failed. What it shows may be incomplete: reload the page to try again.");
    }
  }, true);
  window.addEventListener("unhandledrejection", () => {
    say("Something on this page failed. What it shows may be incomplete: reload the page to try again.");
  });
})();
