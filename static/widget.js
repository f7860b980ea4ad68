// The chat in a frame: what it and the page around it tell each other. That page speaks first, and only sites of the settings are heard.
(() => {
  const find = (selector) => document.querySelector(selector);
  const sites = find("meta[name=okichat-sites]").content.split(" ").filter(Boolean).map((site) => new URL(site).origin);
  const composer = find("#composer"), send = find("#send"), restore = find("#restore"), close = find(".close");
  const field = () => find("#question");
  const reference = () => composer.elements.conversation?.value ?? "";
  let site, told = "", erased = find("#erased"), asked, next;

  const tell = (message) => { if (site) parent.postMessage({ okichat: message }, site); };

  const paint = (color, ink) => {
    const { style, classList } = document.documentElement;
    for (const name of ["--brand-bright", "--visitor"]) style.setProperty(name, color);
    for (const name of ["--on-mark", "--on-visitor"]) style.setProperty(name, ink);
    classList.add("painted");
  };

  const bringBack = (conversation) => new Promise((done) => {
    restore.addEventListener("htmx:finally:request", done, { once: true });
    restore.elements.conversation.value = conversation;
    restore.requestSubmit();
  });

  const ask = (text) => {
    if (send.disabled) { // one answer after the other; a second click on the same button asks nothing new
      if (text !== asked) next = text;
      return;
    }
    asked = text;
    next = null;
    field().value = text;
    field().dispatchEvent(new Event("input", { bubbles: true }));
    composer.requestSubmit(send);
  };

  const moveIn = () => {
    const keyboardComesUp = matchMedia("(pointer: coarse)").matches; // and would hide what there is to read
    (keyboardComesUp ? find(".log") : field()).focus({ preventScroll: true });
  };

  addEventListener("message", async ({ origin, source, data }) => {
    if (source !== parent || ![...sites, location.origin].includes(origin) || !data?.okichat) return;
    const said = data.okichat;
    site = origin;
    close.hidden = false;
    if (said.color) paint(said.color, said.ink);
    if (said.greeting) find(".welcome")?.replaceChildren(said.greeting);
    if (erased) erased = tell({ conversation: "" });
    else if (said.conversation && said.conversation !== reference()) await bringBack(said.conversation);
    if (said.ask) ask(said.ask);
    if (said.focus) moveIn();
    else tell({ ready: true });
  });

  document.addEventListener("htmx:after:swap", () => {
    if (document.hasFocus() && document.activeElement === document.body) field().focus({ preventScroll: true }); // browsers block autofocus here
    if (reference() && reference() !== told) tell({ conversation: told = reference() });
  });

  document.addEventListener("htmx:finally:request", () => setTimeout(() => { // #send comes back just after
    if (send.disabled) return;
    asked = null;
    if (next) ask(next);
  }));

  document.addEventListener("click", ({ target }) => {
    if (target.closest(".close")) tell({ close: true });
    else if (target.closest(".new")) tell({ conversation: "" });
  });

  document.addEventListener("keydown", (event) => {
    if (event.key === "Escape" && !event.isComposing) tell({ close: true });
  });
})();
