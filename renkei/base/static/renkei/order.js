/* Bring a list into another order: by dragging the handle of a row, with pointer or finger, or by the arrow keys on it. Nothing
   is saved here: each row carries a field, and the form sends them in the order in which they stand. Escape puts all back.
   The row that moves stays where it is in the document and the others go round it, so it keeps focus and pointer. */
document.addEventListener("DOMContentLoaded", () => {
  document.querySelectorAll("[data-order]").forEach((list) => {
    const say = document.getElementById(list.dataset.order);
    const rows = () => [...list.children];
    let before = null;
    const tell = (row) => {
      rows().forEach((one, at) => { one.querySelector("[data-place]").textContent = at + 1; });
      say.textContent = say.dataset.moved.replace("N", rows().indexOf(row) + 1);
    };
    const move = (row, to) => {
      const all = rows(), from = all.indexOf(row);
      if (to === from || to < 0 || to >= all.length) { return; }
      before = before || all;
      if (to > from) { all.slice(from + 1, to + 1).forEach((one) => list.insertBefore(one, row)); }
      else { all.slice(to, from).reverse().forEach((one) => row.after(one)); }
      tell(row);
    };
    const back = (row) => {
      if (!before) { return; }
      const at = before.indexOf(row);
      before.slice(0, at).forEach((one) => list.insertBefore(one, row));
      before.slice(at + 1).forEach((one) => list.append(one));
      before = null;
      tell(row);
      say.textContent = say.dataset.back;
    };
    list.querySelectorAll("[data-grip]").forEach((grip) => {
      const row = grip.closest("li");
      grip.hidden = false;
      grip.addEventListener("pointerdown", (event) => {
        if (event.button !== 0) { return; }
        event.preventDefault();
        grip.focus();
        grip.setPointerCapture(event.pointerId);
        before = rows();
        row.classList.add("lifted");
      });
      grip.addEventListener("pointermove", (event) => {
        if (!row.classList.contains("lifted")) { return; }
        if (event.clientY < 64) { window.scrollBy(0, -12); }
        if (event.clientY > window.innerHeight - 64) { window.scrollBy(0, 12); }
        const middle = (one) => { const box = one.getBoundingClientRect(); return box.top + box.height / 2; };
        const at = rows().indexOf(row);
        const up = rows().findIndex((one, place) => place < at && event.clientY < middle(one));
        const down = rows().findLastIndex((one, place) => place > at && event.clientY > middle(one));
        move(row, up >= 0 ? up : down);
      });
      const drop = () => row.classList.remove("lifted");
      grip.addEventListener("pointerup", drop);
      grip.addEventListener("pointercancel", () => { drop(); back(row); });
      grip.addEventListener("blur", () => { before = null; });
      grip.addEventListener("keydown", (event) => {
        const by = { ArrowUp: -1, ArrowDown: 1 }[event.key];
        if (by) { event.preventDefault(); move(row, rows().indexOf(row) + by); }
        if (event.key === "Escape") { drop(); back(row); }
      });
    });
    document.querySelectorAll(`[data-order-help="${list.dataset.order}"]`).forEach((help) => { help.hidden = false; });
  });
});
