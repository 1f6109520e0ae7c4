// `data-sortable` on a table body: rows are dragged to their place by a grip, and the
// server is told at `data-place-url`. Without a mouse the buttons in each row do it.

let dragged = null;

function prepare(root) {
  for (const grip of root.querySelectorAll("[data-sortable] [draggable]")) grip.hidden = false;
}

document.addEventListener("dragstart", (event) => {
  dragged = event.target.closest?.("[data-sortable] > tr") ?? null;
  if (dragged) event.dataTransfer.effectAllowed = "move";
});

document.addEventListener("dragover", (event) => {
  const row = event.target.closest?.("[data-sortable] > tr");
  if (!dragged || !row || row.parentNode !== dragged.parentNode) return;
  event.preventDefault();
  const box = row.getBoundingClientRect();
  if (row !== dragged) row[event.clientY < box.top + box.height / 2 ? "before" : "after"](dragged);
});

document.addEventListener("dragend", () => {
  if (!dragged) return;
  const place = [...dragged.parentNode.children].indexOf(dragged);
  const section = dragged.closest("section");
  window.htmx.ajax("POST", dragged.dataset.placeUrl, { values: { place }, target: section, swap: "outerHTML" });
  dragged = null;
});

prepare(document);
document.addEventListener("htmx:load", (event) => prepare(event.target));
