/* Small behaviours on top of pages that work without scripts. No inline handlers anywhere: a strict policy forbids them. */
document.addEventListener("click", (event) => {
  const button = event.target.closest("[data-print]");
  if (button) { event.preventDefault(); window.print(); }
});
document.addEventListener("submit", (event) => {
  /* A second click on a slow line must not send twice. */
  const form = event.target;
  if (form.dataset.sent) { event.preventDefault(); return; }
  if (form.method === "post" && !form.hasAttribute("hx-post")) { form.dataset.sent = "1"; }
});
window.addEventListener("pageshow", () => {
  document.querySelectorAll("form[data-sent]").forEach((form) => { delete form.dataset.sent; });
});
document.addEventListener("DOMContentLoaded", () => {
  const wrong = document.querySelector("[aria-invalid=true]");
  if (wrong) { wrong.focus(); }
  const here = document.querySelector(".nav [aria-current]"); /* on a telephone the pages stand in one line that is pushed sideways */
  if (here) { const nav = here.closest(".nav"); nav.scrollLeft = here.getBoundingClientRect().left - nav.getBoundingClientRect().left - nav.clientWidth / 2; }
});

/* Desk: keep what is typed until it is saved, move by j and k, count what is ticked. */
document.addEventListener("DOMContentLoaded", () => {
  const fields = (form) => [...form.elements].filter((one) => one.name && !["hidden", "file", "password", "submit"].includes(one.type));
  /* What was sent is forgotten once a page of the staff shows that it arrived; a sign-in in between keeps it. */
  Object.keys(sessionStorage).filter((key) => key.startsWith("sent:")).forEach((sent) => {
    const key = sent.slice(5);
    if (document.querySelector(".nav") && !document.querySelector(`form[data-keep="${key}"]`)) { sessionStorage.removeItem("keep:" + key); }
    sessionStorage.removeItem(sent); /* a page without the staff's navigation (sign-in, a refused form) proves nothing */
  });
  document.querySelectorAll("form[data-keep]").forEach((form) => {
    const key = "keep:" + form.dataset.keep;
    const kept = JSON.parse(sessionStorage.getItem(key) || "null");
    if (kept && !form.querySelector("[aria-invalid=true]") && !document.querySelector(".errors")) {
      fields(form).forEach((one) => {
        if (["checkbox", "radio"].includes(one.type)) { one.checked = kept.includes(one.name + "=" + one.value); return; }
        const found = kept.find((pair) => pair.startsWith(one.name + "="));
        if (found && !one.value) { one.value = found.slice(one.name.length + 1); }
      });
    }
    form.addEventListener("submit", () => sessionStorage.setItem("sent:" + form.dataset.keep, "1"));
    form.addEventListener("input", () => {
      const pairs = fields(form).filter((one) => !["checkbox", "radio"].includes(one.type) || one.checked).map((one) => one.name + "=" + one.value);
      sessionStorage.setItem(key, JSON.stringify(pairs));
      const note = form.querySelector("[data-kept]");
      if (note) { note.textContent = note.dataset.kept.replace("%s", new Date().toLocaleTimeString("ja-JP", { hour: "numeric", minute: "2-digit" })); }
    });
  });
  const count = () => {
    const say = document.querySelector("[data-picked]");
    if (!say) { return; }
    const bodies = new Set([...document.querySelectorAll(".cand input[name=pick]:checked")].map((one) => one.dataset.body));
    say.textContent = bodies.size ? say.dataset.some.replace("N", bodies.size) : say.dataset.none;
  };
  count();
  document.addEventListener("change", count);
});
document.addEventListener("keydown", (event) => {
  if (!["j", "k"].includes(event.key) || event.ctrlKey || event.metaKey || event.altKey || event.target.matches("input, textarea, select")) { return; }
  const links = [...document.querySelectorAll("[data-keys] tbody th a, ul[data-keys] a")];
  if (!links.length) { return; }
  event.preventDefault();
  const at = links.indexOf(document.activeElement) + (event.key === "j" ? 1 : -1);
  links[Math.max(0, Math.min(links.length - 1, at))].focus();
});

/* Public: copy a private link; the button shows itself only where copying works. */
document.addEventListener("DOMContentLoaded", () => {
  if (!navigator.clipboard) { return; }
  document.querySelectorAll("[data-copy]").forEach((button) => {
    button.hidden = false;
    button.addEventListener("click", async () => {
      await navigator.clipboard.writeText(document.getElementById(button.dataset.copy).textContent.trim());
      button.textContent = button.dataset.done;
      button.setAttribute("role", "status");
    });
  });
});

/* While a Japanese word is being composed nothing is looked for; it is once the word stands. */
document.addEventListener("input", (event) => {
  if (event.isComposing && event.target.matches("[data-whole]")) { event.stopImmediatePropagation(); }
}, true);
document.addEventListener("compositionend", (event) => {
  if (event.target.matches("[data-whole]")) { event.target.dispatchEvent(new Event("input", { bubbles: true })); }
});
