// Okichat on any site: <script src="https://chat.example/embed.js" defer></script>
// Options, and what a site's strict policy must allow: docs/embed.md. Nothing is stored before the first question.
(() => {
  if (self.OkiChat) return;
  const words = /* words */ {};
  const { src, dataset: options } = document.currentScript;
  const chat = new URL(src).origin, key = `okichat ${chat}`;
  const lang = [options.lang, document.documentElement.lang, ...navigator.languages].map((tag) => tag?.slice(0, 2).toLowerCase())
    .find((tag) => words[tag]) ?? Object.keys(words)[0];
  const say = words[lang], at = (path) => new URL(`${path}?lang=${lang}`, src).href;
  const small = "(max-width: 480px), (max-height: 480px)", phone = matchMedia(small);
  const side = options.position === "left" ? "left" : "right";
  let kept, frame, before, ready, focusing, question;

  const keep = (reference) => {
    kept = reference;
    try { reference ? sessionStorage.setItem(key, reference) : sessionStorage.removeItem(key); } catch { /* as below */ }
  };
  try { kept = sessionStorage.getItem(key); } catch { /* the visitor forbids it: kept until the next page */ }

  const make = (tag, attributes, ...children) => {
    const made = document.createElement(tag);
    for (const name in attributes) made.setAttribute(name, attributes[name]);
    made.append(...children);
    return made;
  };

  // In a shadow root: the site's styles stay as they are, and its policy need not allow ours.
  const style = new CSSStyleSheet();
  style.replaceSync(`
:host { all: initial !important; }
* { box-sizing: border-box; }
button, a { font: 600 16px/1.25 system-ui, sans-serif; color: inherit; text-align: start; cursor: pointer; }
.launcher, dialog { position: fixed; z-index: 2147483647; inset: auto; ${side}: max(20px, env(safe-area-inset-${side}));
  bottom: max(20px, env(safe-area-inset-bottom)); max-width: calc(100vw - 40px); border: 1px solid transparent; box-shadow: 0 4px 20px rgb(16 32 31 / 0.25); }
.launcher { display: flex; align-items: center; gap: 12px; min-height: 52px; padding: 8px 20px; border-radius: 26px; background: var(--color); color: var(--ink); }
.launcher::before { content: ""; flex: none; width: 22px; height: 18px; border: 2px solid; border-radius: 9px 9px 9px 2px; }
[aria-expanded=true] { gap: 0; padding: 14px; font-size: 0; }
[aria-expanded=true]::before { content: "✕" / ""; border: 0; font-size: 18px; line-height: 1; text-align: center; }
dialog { margin: 0 0 64px; padding: 0; width: 400px; height: min(660px, 100dvh - 104px); border-radius: 16px; outline: 0; overflow: hidden;
  background: #fff; color: #10201f; }
iframe { display: block; width: 100%; height: 100%; border: 0; }
dialog:not(.ready) iframe { visibility: hidden; }
.ready :is(a, button) { display: none; }
dialog :is(a, button) { position: absolute; top: 8px; right: 8px; padding: 12px 16px; border: 0; background: none; }
dialog a { top: 40%; left: 8px; text-align: center; animation: late 0s 4s backwards; }
@keyframes late { from { visibility: hidden; } }
@media (prefers-color-scheme: dark) { dialog { background: #0e1716; color: #e8f1f0; } }
@media (prefers-reduced-motion: no-preference) {
  dialog { transition: opacity 150ms, translate 150ms; }
  @starting-style { dialog[open] { opacity: 0; translate: 0 4px; } }
}
@media ${small} { dialog { inset: 0; margin: 0; width: 100%; max-width: none; height: 100dvh; max-height: none; border: 0; border-radius: 0;
  padding: env(safe-area-inset-top) env(safe-area-inset-right) env(safe-area-inset-bottom) env(safe-area-inset-left); } }
@media print { :host { display: none !important; } }`);

  const launcher = make("button", { class: "launcher", type: "button", "aria-haspopup": "dialog", "aria-expanded": false }, options.label || say.label);
  const leave = make("button", { type: "button", "aria-label": say.close }, "✕");
  const panel = make("dialog", { "aria-label": say.title, tabindex: -1 }, make("a", { href: at("."), target: "_blank" }, say.tab), leave);
  const host = make("okichat-widget", { role: "complementary", "aria-label": say.title });
  const root = host.attachShadow({ mode: "open" });
  root.adoptedStyleSheets = [style];
  root.append(launcher, panel);
  document.body.append(host);

  // Black or white on the site's colour, whichever reads better.
  const color = CSS.supports("color", options.color ?? "") ? options.color : "";
  host.style.setProperty("--color", color || "#0b6b67");
  const [red, green, blue] = getComputedStyle(launcher).backgroundColor.match(/[\d.]+/g).map((part) => ((part / 255 + 0.055) / 1.055) ** 2.4);
  const ink = 0.2126 * red + 0.7152 * green + 0.0722 * blue > 0.179 ? "#000" : "#fff";
  host.style.setProperty("--ink", ink);

  const tell = (message) => frame.contentWindow.postMessage({ okichat: message }, chat);

  const moveIn = () => {
    focusing = !ready;
    if (!ready) return panel.focus();
    frame.focus();
    tell({ focus: true });
  };

  const pass = () => {
    if (!ready || !question) return;
    tell({ ask: question });
    question = null;
  };

  const open = (focus = true) => {
    if (!frame) {
      frame = make("iframe", { src: at("widget"), title: say.title, allow: "clipboard-write", referrerpolicy: "no-referrer" });
      frame.addEventListener("load", () => {
        tell({ color, ink, greeting: options.greeting, conversation: kept });
      });
      panel.append(frame);
    }
    if (!panel.open) {
      before = document.activeElement;
      phone.matches ? panel.showModal() : panel.setAttribute("open", "");
      launcher.setAttribute("aria-expanded", true);
    }
    if (focus) moveIn();
  };

  const close = () => {
    const inside = panel.contains(root.activeElement);
    panel.close();
    launcher.setAttribute("aria-expanded", false);
    if (!inside) return;
    launcher.focus();
    if (before !== host) before?.focus?.();
  };

  addEventListener("message", ({ origin, source, data }) => {
    if (origin !== chat || !frame || source !== frame.contentWindow || !data?.okichat) return;
    const said = data.okichat;
    if (said.close) close();
    if (typeof said.conversation === "string") keep(said.conversation);
    if (!said.ready) return;
    ready = true;
    panel.classList.add("ready");
    pass();
    if (panel.open && (focusing || root.activeElement === frame)) moveIn();
  });

  launcher.addEventListener("click", () => panel.open ? close() : open());
  leave.addEventListener("click", close);
  root.addEventListener("keydown", (event) => { if (event.key === "Escape" && panel.open) close(); });
  panel.addEventListener("cancel", close);

  self.OkiChat = {
    open: () => open(),
    close: () => { if (panel.open) close(); },
    ask: (text) => {
      question = text;
      pass();
      open();
    },
  };
  if ("open" in options && !phone.matches) open(false);
})();
