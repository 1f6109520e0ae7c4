// `data-frame`: the sandboxed frame of a letter, made as high as what it holds. No
// script runs inside; this page may measure it and nothing more. `data-frame-images`:
// the line that offers to load pictures from other servers.

function fit(frame) {
  const page = frame.contentDocument?.documentElement;
  if (!page) return;
  frame.style.blockSize = "0";
  const style = getComputedStyle(frame);
  const around = parseFloat(style.paddingTop) + parseFloat(style.paddingBottom);
  frame.style.blockSize = `${Math.min(page.scrollHeight + around + 2, 20_000)}px`;
}

function watch(frame) {
  if (frame.dataset.frame === "watched") return;
  frame.dataset.frame = "watched";
  const offer = frame.parentElement.querySelector("[data-frame-images]");
  const loaded = () => {
    const page = frame.contentDocument;
    if (!page?.body) return;
    fit(frame);
    for (const image of page.images) image.addEventListener("load", () => fit(frame));
    for (const fold of page.querySelectorAll("details")) fold.addEventListener("toggle", () => fit(frame));
    const blocked = Number(page.querySelector("meta[name=letter-blocked]")?.content ?? 0);
    if (offer) offer.hidden = blocked === 0;
  };
  frame.addEventListener("load", loaded);
  if (frame.contentDocument?.readyState === "complete") loaded();
  offer?.querySelector("button").addEventListener("click", () => {
    frame.src = `${frame.getAttribute("src")}?images=1`;
    offer.hidden = true;
  });
  let width = 0;
  new ResizeObserver(() => {
    // Only a new width changes the height of what is inside.
    if (frame.clientWidth === width) return;
    width = frame.clientWidth;
    fit(frame);
  }).observe(frame);
}

document.querySelectorAll("[data-frame]").forEach(watch);
document.addEventListener("htmx:load", (event) => {
  event.target.querySelectorAll?.("[data-frame]").forEach(watch);
});
