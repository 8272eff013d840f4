/* Passkeys. A button says what it does (data-passkey) and where options and answer stand; without scripts it stays hidden.
   add, get: options lie in the page (data-options); login: they are fetched (data-from), as nobody is known yet. */
document.addEventListener("DOMContentLoaded", () => {
  const fail = (button) => {
    const say = document.getElementById(button.dataset.error);
    button.disabled = false;
    if (say) { say.hidden = false; say.focus(); }
  };
  const options = async (button) => {
    if (!button.dataset.from) { return JSON.parse(document.getElementById(button.dataset.options).textContent); }
    const answer = await fetch(button.dataset.from, { headers: { Accept: "application/json" } });
    if (!answer.ok) { throw new Error(String(answer.status)); }
    return answer.json();
  };
  const ask = async (button) => {
    const given = await options(button);
    if (button.dataset.passkey !== "add") { return window.webauthnJSON.get(given.request_options); }
    const wanted = given.creation_options;
    Object.assign(wanted.publicKey.authenticatorSelection, { residentKey: "required", requireResidentKey: true, userVerification: "required" });
    return window.webauthnJSON.create(wanted);
  };
  document.querySelectorAll("[data-passkey]").forEach((button) => {
    if (!window.PublicKeyCredential || !window.webauthnJSON) { return; }
    button.hidden = false;
    button.addEventListener("click", async (event) => {
      event.preventDefault();
      button.disabled = true;
      try {
        document.getElementById(button.dataset.credential).value = JSON.stringify(await ask(button));
        button.form.requestSubmit();
      } catch { fail(button); }
    });
  });
});
