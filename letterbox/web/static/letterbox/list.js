// `data-list`: the list of conversations. Keeps the open one marked, j and k go down
// and up, and a refresh asks for as many rows as are shown.

const list = document.querySelector("[data-list]");

function openId() {
  return document.querySelector("#pane [data-conversation]")?.dataset.conversation;
}

function mark() {
  const id = openId();
  for (const row of list.querySelectorAll("[data-row]")) {
    if (row.dataset.row === id) {
      row.setAttribute("aria-current", "true");
      row.closest("li").classList.remove("is-unread");
    } else row.removeAttribute("aria-current");
  }
}

function step(by) {
  const rows = [...list.querySelectorAll("[data-row]")];
  const at = rows.findIndex((row) => row.hasAttribute("aria-current"));
  const next = rows[at === -1 ? 0 : at + by];
  if (!next) return;
  next.scrollIntoView({ block: "nearest" });
  next.click();
}

if (list) {
  document.addEventListener("htmx:afterSettle", mark);
  document.addEventListener("htmx:configRequest", (event) => {
    if (event.target !== list) return;
    event.detail.parameters.rows = String(Math.max(50, list.querySelectorAll("[data-row]").length));
  });
  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    if (event.target.closest("input, textarea, select, [contenteditable]")) return;
    if (event.key === "j") step(1);
    if (event.key === "k") step(-1);
  });
}
