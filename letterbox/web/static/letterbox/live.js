// `data-stream`: the address of the event stream. `data-live="topic topic:id …"`: a
// region that fetches itself again (htmx, trigger "live") when such a notice comes.
// The stream carries ids only. After a lost connection everything refreshes once.

const stream = document.querySelector("[data-stream]")?.dataset.stream;
const QUIET_MILLISECONDS = 150;
const waiting = new Map();

function refresh(region) {
  // Many notices in a row make one request.
  if (waiting.has(region)) return;
  waiting.set(region, setTimeout(() => {
    waiting.delete(region);
    if (region.isConnected) window.htmx.trigger(region, "live");
  }, QUIET_MILLISECONDS));
}

function tell(notice) {
  for (const region of document.querySelectorAll("[data-live]")) {
    const wanted = region.dataset.live.split(" ");
    if (wanted.includes(notice.topic) || wanted.includes(`${notice.topic}:${notice.id}`)) refresh(region);
  }
}

function note(isLost) {
  const shown = document.querySelector(".is-offline-note");
  if (!isLost) return shown?.remove();
  if (shown) return;
  const words = document.createElement("p");
  words.className = "is-offline-note";
  words.setAttribute("role", "status");
  words.textContent = document.body.dataset.offlineWords;
  document.body.append(words);
}

function noteSignedOut() {
  note(true);
  const shown = document.querySelector(".is-offline-note");
  const link = document.createElement("a");
  link.href = location.href;
  link.textContent = document.body.dataset.signInWords;
  shown.replaceChildren(document.body.dataset.signedOutWords, " ", link);
}

// The browser has given up: a server that restarts, or a session that ended. Never
// leave the page by ourselves: somebody may be typing.
async function lookWhy() {
  try {
    const small = document.querySelector(".alert-count")?.getAttribute("hx-get") ?? location.href;
    const answer = await fetch(small, { redirect: "manual" });
    if (answer.type === "opaqueredirect") return noteSignedOut();
  } catch { /* not there at all: try again */ }
  listen();
}

let lostTimer;

function listen() {
  const source = new EventSource(stream);
  source.addEventListener("message", (event) => {
    // It begins with "everything": what happened while the page travelled is not lost.
    tell(JSON.parse(event.data));
  });
  source.addEventListener("open", () => { clearTimeout(lostTimer); note(false); });
  source.addEventListener("error", () => {
    clearTimeout(lostTimer);
    lostTimer = setTimeout(() => note(true), 5000);
    if (source.readyState !== EventSource.CLOSED) return;
    clearTimeout(lostTimer);
    setTimeout(lookWhy, 3000);
  });
}

if (stream) listen();
