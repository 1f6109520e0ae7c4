// `data-insert="text"` on a button: puts the text where one last wrote in a field that
// `data-takes-variables`, and goes on writing there.

let last = null;

document.addEventListener("focusin", (event) => {
  if (event.target.matches("[data-takes-variables]")) last = event.target;
});

document.addEventListener("click", (event) => {
  const button = event.target.closest("[data-insert]");
  if (!button) return;
  const field = last?.isConnected ? last : document.querySelector("textarea[data-takes-variables]");
  if (!field) return;
  field.setRangeText(button.dataset.insert, field.selectionStart, field.selectionEnd, "end");
  field.dispatchEvent(new Event("input", { bubbles: true }));
  button.closest("details")?.removeAttribute("open");
  field.focus();
});
