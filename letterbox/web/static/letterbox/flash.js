// `data-flash`: a message that goes by itself, unless one points at it or it offers
// something to do (`data-flash-stays`).

const SHOWN_MILLISECONDS = 6000;

function watch(flash) {
  flash.querySelector("[data-flash-close]")?.addEventListener("click", () => flash.remove());
  if ("flashStays" in flash.dataset) return;
  let timer;
  const start = () => { timer = setTimeout(() => flash.remove(), SHOWN_MILLISECONDS); };
  const stop = () => clearTimeout(timer);
  flash.addEventListener("mouseenter", stop);
  flash.addEventListener("focusin", stop);
  flash.addEventListener("mouseleave", start);
  flash.addEventListener("focusout", start);
  start();
}

document.querySelectorAll("[data-flash]").forEach(watch);
document.addEventListener("htmx:load", (event) => {
  if (event.target.matches?.("[data-flash]")) watch(event.target);
  event.target.querySelectorAll?.("[data-flash]").forEach(watch);
});
