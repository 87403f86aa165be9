/* Asks the browser for a passkey and puts what it answers into the form: without this a code does. */
(function () {
  "use strict";
  function bytes(text) {
    return Uint8Array.from(atob(text.replace(/-/g, "+").replace(/_/g, "/")), function (one) { return one.charCodeAt(0); });
  }
  function words(buffer) {
    var text = String.fromCharCode.apply(null, new Uint8Array(buffer));
    return btoa(text).replace(/\+/g, "-").replace(/\//g, "_").replace(/=+$/, "");
  }
  function known(list) {
    return (list || []).map(function (one) { return Object.assign({}, one, { id: bytes(one.id) }); });
  }
  function asked(options) {
    var all = Object.assign({}, options, { challenge: bytes(options.challenge) });
    if (options.user) all.user = Object.assign({}, options.user, { id: bytes(options.user.id) });
    if (options.excludeCredentials) all.excludeCredentials = known(options.excludeCredentials);
    if (options.allowCredentials) all.allowCredentials = known(options.allowCredentials);
    return { publicKey: all };
  }
  function plain(made) {
    var found = { id: made.id, rawId: words(made.rawId), type: made.type, response: {} };
    ["clientDataJSON", "attestationObject", "authenticatorData", "signature", "userHandle"].forEach(function (name) {
      if (made.response[name]) found.response[name] = words(made.response[name]);
    });
    return JSON.stringify(found);
  }

  if (!window.PublicKeyCredential) return;
  document.querySelectorAll("form[data-passkey]").forEach(function (form) {
    var said = form.querySelector("[role=status]");
    form.closest("[hidden]").hidden = false;
    document.querySelectorAll("[data-without-passkey]").forEach(function (one) { one.hidden = true; });
    form.addEventListener("submit", function (event) {
      event.preventDefault();
      said.textContent = "";
      fetch(form.action + "/begin", { method: "POST", body: new URLSearchParams({ csrf: form.elements.csrf.value }) })
        .then(function (answer) { if (!answer.ok) throw new Error(answer.status); return answer.json(); })
        .then(function (begun) {
          form.elements.id.value = begun.id;
          return navigator.credentials[form.dataset.passkey](asked(begun.options));
        })
        .then(function (made) { form.elements.response.value = plain(made); form.submit(); })
        .catch(function () { said.textContent = said.dataset.failed; });
    });
  });
})();
