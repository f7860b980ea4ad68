// A site's own button that asks the chat something.
for (const button of document.querySelectorAll("[data-ask]")) {
  button.addEventListener("click", () => OkiChat.ask(button.dataset.ask));
}
