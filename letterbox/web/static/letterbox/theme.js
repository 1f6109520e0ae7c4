// `data-theme-choice`: a group of buttons that choose the colours. Their values are
// "light", "dark" and "" (as the system). The skeleton reads the choice before painting.

const KEY = "letterbox-theme";
const system = matchMedia("(prefers-color-scheme: dark)");

function remembered() {
  try { return localStorage.getItem(KEY) ?? ""; } catch { return ""; }
}

function apply(choice) {
  const dark = choice ? choice === "dark" : system.matches;
  document.documentElement.dataset.bsTheme = dark ? "dark" : "light";
  for (const button of document.querySelectorAll("[data-theme-choice] button")) {
    button.setAttribute("aria-pressed", String(button.value === choice));
  }
}

for (const group of document.querySelectorAll("[data-theme-choice]")) {
  group.hidden = false;
  group.addEventListener("click", (event) => {
    const button = event.target.closest("button");
    if (!button) return;
    try {
      if (button.value) localStorage.setItem(KEY, button.value);
      else localStorage.removeItem(KEY);
    } catch { /* not allowed here: it holds until the page is left */ }
    apply(button.value);
  });
}

system.addEventListener("change", () => apply(remembered()));
apply(remembered());
