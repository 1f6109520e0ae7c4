// `data-yields`: a region that the server fills in while one types. An answer that
// comes after something in it was typed is dropped: nobody types twice.

const asked = new WeakMap();

function typed(region) {
  return JSON.stringify([...region.querySelectorAll("input, select, textarea")].map(
    (field) => (field.type === "checkbox" ? field.checked : field.value),
  ));
}

document.addEventListener("htmx:beforeRequest", (event) => {
  const region = event.detail.target;
  if (region?.matches("[data-yields]")) asked.set(event.detail.xhr, typed(region));
});

document.addEventListener("htmx:beforeSwap", (event) => {
  const before = asked.get(event.detail.xhr);
  const region = event.detail.target;
  if (before !== undefined && region.isConnected && typed(region) !== before) event.detail.shouldSwap = false;
});
