// `data-keep="name"` on a form: what is typed in it survives a session that ended, a
// reload, a page left by accident; never passwords, files or hidden fields. It is
// forgotten when the form has been saved: by htmx, or by a page that carries
// `data-keep-forget="name"`.
// `data-tick-all="name"`: a box that ticks all boxes of this name in its form.

const PREFIX = "letterbox-keep:";
const NEVER = new Set(["password", "file", "hidden", "submit", "button"]);

const memory = {
  read(name) { try { return JSON.parse(sessionStorage.getItem(PREFIX + name)); } catch { return null; } },
  write(name, value) { try { sessionStorage.setItem(PREFIX + name, JSON.stringify(value)); } catch { /* not allowed: then nothing is kept */ } },
  forget(name) { try { sessionStorage.removeItem(PREFIX + name); } catch { /* nothing was kept */ } },
};

const fields = (form) => [...form.elements].filter((field) => field.name && !NEVER.has(field.type));
const isTick = (field) => field.type === "checkbox" || field.type === "radio";
const key = (field) => (isTick(field) ? `${field.name}=${field.value}` : field.name);
const value = (field) => (isTick(field) ? field.checked : field.value);

function keep(form) {
  memory.write(form.dataset.keep, Object.fromEntries(fields(form).map((field) => [key(field), value(field)])));
}

function restore(form) {
  const kept = memory.read(form.dataset.keep);
  if (!kept) return;
  let isChanged = false;
  for (const field of fields(form)) {
    const before = kept[key(field)];
    if (before === undefined || before === value(field)) continue;
    isChanged = true;
    if (isTick(field)) field.checked = before;
    else field.value = before;
  }
  if (!isChanged) return memory.forget(form.dataset.keep);
  const note = document.createElement("p");
  note.className = "kept-note notice tone-blue";
  note.setAttribute("role", "status");
  note.textContent = document.body.dataset.keptWords || "What you had typed before is back. It is not saved yet.";
  form.prepend(note);
}

for (const mark of document.querySelectorAll("[data-keep-forget]")) memory.forget(mark.dataset.keepForget);
for (const form of document.querySelectorAll("[data-keep]")) restore(form);

document.addEventListener("input", (event) => {
  const form = event.target.closest("[data-keep]");
  if (form) keep(form);
});

document.addEventListener("change", (event) => {
  const all = event.target.closest("[data-tick-all]");
  if (!all) return;
  const boxes = all.closest("form").querySelectorAll(`input[name="${all.dataset.tickAll}"]`);
  for (const box of boxes) box.checked = all.checked;
});

document.addEventListener("htmx:afterRequest", (event) => {
  const form = event.detail.requestConfig.elt.closest("[data-keep]");
  const answer = event.detail.xhr;
  if (!form || event.detail.requestConfig.elt !== form || answer.status !== 200) return;
  if (!answer.getResponseHeader("HX-Redirect")) memory.forget(form.dataset.keep);
});
