/* All works without this: it says when something has changed, what one's choice costs, and how long a time is kept. */
(function () {
  "use strict";
  var all = function (where, what) { return Array.prototype.slice.call(where.querySelectorAll(what)); };

  all(document, "[data-watch]").forEach(function (box) {
    if (!window.EventSource) return;
    var heard = new EventSource(box.dataset.watch), words = box.querySelector("template");
    function show() {
      if (words) { box.appendChild(words.content.cloneNode(true)); words = null; heard.close(); }
    }
    heard.addEventListener("changed", show);
    heard.addEventListener("now", function (event) { if (event.lastEventId !== box.dataset.known) show(); });
  });

  all(document, "form[data-total]").forEach(function (form) {
    var out = form.querySelector("[data-sum]"), currency = form.dataset.total, language = document.documentElement.lang;
    function sum() {
      var total = 0, any = false;
      all(form, "[data-cost]").forEach(function (one) {
        var cost = Number(one.dataset.cost), many = one.checked ? 1 : 0;
        if (one.type !== "radio" && one.type !== "checkbox") many = parseInt(one.value, 10) || 0;
        total += cost * many;
        any = any || many > 0;
      });
      var how = currency ? { style: "currency", currency: currency } : {};
      out.textContent = any ? new Intl.NumberFormat(language === "en" ? "en-GB" : language, how).format(total) : "";
    }
    form.addEventListener("input", sum);
    sum();
  });

  all(document, "[data-until]").forEach(function (one) {
    var late = Date.now() - Date.parse(one.dataset.now), until = Date.parse(one.dataset.until) + late;
    function tick() {
      var left = Math.max(0, Math.floor((until - Date.now()) / 1000));
      one.textContent = Math.floor(left / 60) + ":" + ("0" + (left % 60)).slice(-2);
      if (!left) { clearInterval(ticking); location.reload(); }
    }
    var ticking = setInterval(tick, 1000);
    tick();
  });
})();
