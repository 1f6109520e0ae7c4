// `data-scroll-end`: a conversation opens at its newest message. `data-file-names`: a
// file control that says what was chosen. `data-save`: a form whose fields save
// themselves when they change; its button is for browsers without scripts.

function prepare(root) {
  for (const body of root.querySelectorAll("[data-scroll-end]")) {
    const messages = body.querySelectorAll(".message, .note");
    messages[messages.length - 1]?.scrollIntoView({ block: "nearest" });
  }
  for (const form of root.querySelectorAll("form[data-save]")) {
    form.querySelector("button[type=submit]")?.remove();
    form.addEventListener("change", () => form.requestSubmit());
  }
  for (const input of root.querySelectorAll("[data-file-names]")) {
    input.addEventListener("change", () => {
      const words = input.closest("label").querySelector("span");
      words.textContent = [...input.files].map((file) => file.name).join(", ");
    });
  }
}

prepare(document);
document.addEventListener("htmx:load", (event) => {
  if (event.target !== document.body) prepare(event.target);
});
