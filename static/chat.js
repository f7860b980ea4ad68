// What HTML, CSS and htmx cannot: Enter to send, follow the text, stop, try again, copy, go on after a reload.
(() => {
  const find = (selector, from = document) => from.querySelector(selector);
  const page = document.documentElement;
  const composer = find("#composer"), suggest = find("#suggest"), send = find("#send"), refusal = find("#refusal");
  const newer = find("#newer"), counter = find("#counter"), main = find("main");
  const growing = CSS.supports("field-sizing", "content");
  let sent = {}, stopped = false, following = true, y = scrollY;

  page.classList.add("scripted");

  const asks = ({ target }) => target === composer || target === suggest; // the other forms go their own ways
  const field = () => find("#question");
  const below = () => main.getBoundingClientRect().bottom - innerHeight; // the footer may stay there
  const above = () => (find("#thread > :last-child")?.getBoundingClientRect().top ?? 96) - 96; // under the header
  const beyond = () => Math.min(below(), above()); // a long answer is read from its question on
  const follow = () => { if (following) scrollBy(0, Math.max(0, beyond())); };

  const measure = () => {
    const { style, value, maxLength } = field();
    const left = maxLength - value.length;
    counter.hidden = left >= 100;
    counter.textContent = counter.dataset.text.replace("#", left);
    if (growing) return;
    style.height = "auto";
    style.height = `${field().scrollHeight}px`;
  };

  // The notice for a question that got no whole answer: "stopped", "cut" or "lost".
  const notice = (name) => {
    const copy = find(`#state-${name}`).content.cloneNode(true);
    const retry = find(".retry", copy);
    retry.value = sent.question;
    retry.again = sent.request_key;
    find("#status").textContent = find("p", copy).textContent;
    return [copy, retry];
  };

  // A vote or an e-mail that did not get through: said where it was given.
  const unsent = ({ body }) => {
    const place = find(`#feedback-${body.get("up") ?? body.get("down")}`) ?? find("#mailed");
    if (!place) return;
    find(".unsent", place)?.remove();
    place.append(find("#state-unsent").content.cloneNode(true));
    find("#status").textContent = find(".unsent", place).textContent;
  };

  addEventListener("scroll", () => {
    following = beyond() < 8 || (following && scrollY >= y);
    y = scrollY;
    if (following) newer.hidden = true;
  }, { passive: true });

  addEventListener("resize", follow);

  composer.addEventListener("input", measure);

  composer.addEventListener("keydown", (event) => {
    if (event.key !== "Enter" || event.shiftKey || event.isComposing || event.target !== field()) return;
    event.preventDefault();
    if (!send.disabled) composer.requestSubmit(send);
  });

  document.addEventListener("htmx:config:request", (event) => {
    if (!asks(event)) return;
    sent = Object.fromEntries(event.detail.ctx.request.body);
    stopped = false;
    following = true;
    refusal.replaceChildren();
  });

  document.addEventListener("htmx:after:swap", (event) => {
    measure();
    if (asks(event)) newer.hidden = following;
    follow();
    history.replaceState(composer.elements.conversation?.value, "");
  });

  document.addEventListener("htmx:finally:request", (event) => {
    const { ctx } = event.detail;
    if (!asks(event)) return ctx.response?.status < 500 || unsent(ctx.request);
    const answer = find(".pending");
    if (answer) {
      const [copy, retry] = notice(stopped ? "stopped" : "cut");
      answer.classList.remove("pending");
      answer.removeAttribute("aria-busy");
      if (!find(".prose", answer).textContent) find(".prose", answer).remove();
      find(".meta", answer).replaceWith(copy);
      if (stopped) retry.focus();
    } else if (suggest.elements.request_key.value === sent.request_key) { // not taken: no begin came
      if (!stopped && !refusal.childElementCount) refusal.append(notice("lost")[0]);
      if (!field().value) field().value = sent.question;
      measure();
    }
    if (refusal.childElementCount) refusal.scrollIntoView();
    else follow();
    if (document.activeElement === document.body && (parent === self || document.hasFocus())) field().focus({ preventScroll: true }); // in a frame the focus may be outside
  });

  document.addEventListener("click", async ({ target }) => {
    if (target.closest(".new")) history.replaceState(null, "");
    const button = target.closest("button");
    if (!button) return;
    if (button === newer) {
      following = true;
      follow();
    } else if (button.matches(".stop")) {
      stopped = true;
      htmx.trigger(composer, "htmx:abort");
      htmx.trigger(suggest, "htmx:abort");
    } else if (button.again) {
      suggest.elements.request_key.value = button.again;
      setTimeout(() => button.closest(".exchange")?.remove());
    } else if (button.matches(".copy")) {
      const label = button.textContent;
      await navigator.clipboard.writeText(button.value);
      button.textContent = button.dataset.done;
      setTimeout(() => { button.textContent = label; }, 2000);
    }
  });

  if (field().value) measure();

  // After a reload or on the way back.
  const restore = parent === self && find("#restore");
  if (!restore || !history.state || find(".exchange")) return;
  restore.elements.conversation.value = history.state;
  htmx.process(restore); // not done yet
  restore.requestSubmit();
})();
