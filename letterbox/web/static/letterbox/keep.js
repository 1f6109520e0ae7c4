// `data-keep="name"` on a form: what is typed in it survives a session that ended, a
// reload, a page left by accident; never passwords, files or hidden fields. It is
// forgotten when the form has been saved: by htmx, by a page that carries
// `data-keep-forget="name"`, or by a form that was sent and led on to a page. Unless
// somebody had to sign in on the way: then it was not saved.
// `data-tick-all="name"`: a box that ticks all boxes of this name in its form.

const PREFIX = "letterbox-keep:";
const NEVER = new Set(["password", "file", "hidden", "submit", "button"]);

const memory = {
  read(name) { try { return JSON.parse(sessionStorage.getItem(PREFIX + name)); } catch { return null; } },
  write(name, value) { try { sessionStorage.setItem(PREFIX + name, JSON.stringify(value)); } catch { /* not allowed: then nothing is kept */ } },
  forget(name) { try { sessionStorage.removeItem(PREFIX + name); } catch { /* nothing was kept */ } },
};

const fieldsOf = (form) => [...form.elements].filter((field) => field.name && !NEVER.has(field.type));
const isTick = (field) => field.type === "checkbox" || field.type === "radio";
const plainKey = (field) => (isTick(field) ? `${field.name}=${field.value}` : field.name);
// Rows have fields of one name each; where rows came or went, what is kept fits no more.
function keyed(form) {
  const all = fieldsOf(form);
  const totals = {}, counts = {};
  for (const field of all) totals[plainKey(field)] = (totals[plainKey(field)] || 0) + 1;
  return all.map((field) => {
    const plain = plainKey(field);
    if (totals[plain] === 1) return [plain, field];
    counts[plain] = (counts[plain] || 0) + 1;
    return [`${plain} ${counts[plain]}/${totals[plain]}`, field];
  });
}
const value = (field) => (isTick(field) ? field.checked : field.value);

// Another one after each sign-in.
const SENT = "letterbox:sent";
const signedIn = document.body.dataset.signedIn || "";
const wasLedOn = (performance.getEntriesByType("navigation")[0]?.redirectCount ?? 0) > 0;

function keep(form, more = {}) {
  const typed = Object.fromEntries(keyed(form).map(([key, field]) => [key, value(field)]));
  memory.write(form.dataset.keep, { ...typed, ...more });
}

const restored = new WeakSet();

function restore(form) {
  const kept = memory.read(form.dataset.keep);
  if (!kept || restored.has(form)) return;
  restored.add(form);
  let isChanged = false;
  for (const [key, field] of keyed(form)) {
    const before = kept[key];
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

function forgetWhatWasSaved() {
  const names = Object.keys(sessionStorage).filter((name) => name.startsWith(PREFIX));
  for (const name of names.map((each) => each.slice(PREFIX.length))) {
    if (memory.read(name)?.[SENT] === signedIn) memory.forget(name);
  }
}

if (wasLedOn) {
  try { forgetWhatWasSaved(); } catch { /* not allowed: then nothing is kept */ }
}
for (const mark of document.querySelectorAll("[data-keep-forget]")) memory.forget(mark.dataset.keepForget);
for (const form of document.querySelectorAll("[data-keep]")) restore(form);
// A part that came later may hold a form as well.
document.addEventListener("htmx:load", (event) => {
  for (const form of event.target.querySelectorAll("[data-keep]")) restore(form);
});

document.addEventListener("input", (event) => {
  const form = event.target.closest("[data-keep]");
  if (form) keep(form);
});

// A button that adds or removes a row has moved what was typed.
document.addEventListener("htmx:afterSettle", (event) => {
  const form = event.target.closest?.("[data-keep]");
  if (form && memory.read(form.dataset.keep)) keep(form);
});

document.addEventListener("submit", (event) => {
  const form = event.target.closest("[data-keep]:not([hx-post])");
  if (form) keep(form, { [SENT]: signedIn });
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
