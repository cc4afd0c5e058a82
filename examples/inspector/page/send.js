// "Send test event": a scenario and a payload, sent by the inspector or copied as curl.

import { byId, copy, el, visible } from "./dom.js";

export class Sender {
  #dialog = byId("send");
  #payload = byId("payload");
  #id = "";
  #about = null;

  constructor(onsent) {
    this.onsent = onsent;
    byId("send-form").addEventListener("submit", (event) => {
      event.preventDefault();
      this.#send();
    });
    this.#dialog.addEventListener("keydown", (event) => {
      if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) this.#send();
    });
    byId("copy-curl").addEventListener("click", (event) => this.#curl(event.currentTarget));
    this.#payload.addEventListener("input", () => this.#forget());
  }

  describe(about) {
    this.#about = about;
    const cannot = byId("cannot-send");
    cannot.hidden = !about.cannot_send;
    cannot.textContent = `Test events cannot be signed for ${about.name}: ${visible(about.cannot_send ?? "")}`;
    byId("send-choices").hidden = Boolean(about.cannot_send);
    byId("send-now").disabled = byId("copy-curl").disabled = Boolean(about.cannot_send);
    byId("scenarios").replaceChildren(...about.scenarios.map((scenario, index) => this.#scenario(scenario, index)));
  }

  async open() {
    if (this.#dialog.open || !this.#about) return;
    this.#complain("");
    this.#forget();
    this.#dialog.showModal();
    this.#dialog.querySelector("input:checked")?.focus();
    if (this.#payload.value === "") await this.#sample();
  }

  #scenario({ id, name, what, offered }, index) {
    const input = el("input", { type: "radio", name: "scenario", value: id, id: `scenario-${id}`, disabled: !offered, onchange: () => this.#forget() });
    input.checked = index === 0;
    return el("label", { class: "scenario", for: input.id }, input, el("span", {}, el("b", {}, name), el("small", {}, visible(what))));
  }

  get #scenarioId() {
    return this.#dialog.querySelector("input[name=scenario]:checked")?.value ?? "valid";
  }

  // Loads the sample payload, pretty-printed. The signature covers the text as shown.
  async #sample() {
    const response = await fetch("/page/sample");
    if (!response.ok) return;
    const { id, body } = await response.json();
    this.#id = id;
    try {
      this.#payload.value = JSON.stringify(JSON.parse(body), null, 2);
    } catch {
      this.#payload.value = body;
    }
  }

  // Replaces the id in the payload, so that each test event is a new delivery.
  #renew() {
    if (!this.#id || !this.#payload.value.includes(this.#id)) return;
    const bytes = crypto.getRandomValues(new Uint8Array(8));
    const fresh = [...bytes].map((byte) => byte.toString(16).padStart(2, "0")).join("");
    this.#payload.value = this.#payload.value.replaceAll(this.#id, fresh);
    this.#id = fresh;
  }

  async #ask(what) {
    this.#complain("");
    try {
      const body = JSON.stringify({ scenario: this.#scenarioId, body: this.#payload.value });
      const response = await fetch(`/page/${what}`, { method: "POST", headers: { "content-type": "application/json" }, body });
      if (response.ok) return response;
      this.#complain(await response.text());
    } catch {
      this.#complain("The inspector does not respond. Check that it is running.");
    }
    return null;
  }

  async #send() {
    this.#renew();
    const button = byId("send-now");
    button.disabled = true;
    const response = await this.#ask("send");
    button.disabled = false;
    if (!response) return;
    this.#dialog.close();
    this.onsent((await response.json()).from);
  }

  async #curl(button) {
    this.#renew();
    const response = await this.#ask("curl");
    if (!response) return;
    const text = await response.text();
    const shown = byId("curl");
    shown.textContent = visible(text);
    shown.hidden = false;
    await copy(text, button);
  }

  #forget() {
    byId("curl").hidden = true;
  }

  #complain(text) {
    const error = byId("send-error");
    error.textContent = visible(text);
    error.hidden = text === "";
  }
}
