// "Send test event": a scenario and a payload, sent by the inspector or copied as curl.

import { byId, copy, el, visible } from "./dom.js";

const UNREACHABLE = "The inspector does not respond. Is it still running?";

export class Sender {
  #dialog = byId("send");
  #payload = byId("payload");
  #sampleName = byId("sample");
  #eventType = byId("event-type");
  #headers = byId("headers");
  #ids = [];
  #about = null;
  // The last change that waits for the inspector.
  #pending = Promise.resolve();

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
    for (const field of [this.#payload, this.#eventType, this.#headers]) field.addEventListener("input", () => this.#forget());
    this.#sampleName.addEventListener("change", () => this.#load());
    this.#eventType.addEventListener("change", () => this.#sync(this.#eventType.value));
    this.#payload.addEventListener("change", () => this.#sync(null));
  }

  describe(about) {
    this.#about = about;
    const cannot = byId("cannot-send");
    cannot.hidden = !about.cannot_send;
    cannot.textContent = `Test events cannot be signed for ${about.name}: ${visible(about.cannot_send ?? "")}`;
    byId("send-choices").hidden = Boolean(about.cannot_send);
    byId("send-now").disabled = byId("copy-curl").disabled = Boolean(about.cannot_send);
    const { samples, event_type } = about;
    byId("sample-field").hidden = samples.length < 2;
    this.#sampleName.replaceChildren(...samples.map((name) => el("option", { value: name }, visible(name))));
    byId("event-type-field").hidden = !event_type;
    byId("event-type-place").textContent = event_type ? visible(event_type.place) : "";
    byId("scenarios").replaceChildren(...about.scenarios.map((scenario, index) => this.#scenario(scenario, index)));
  }

  async open() {
    if (this.#dialog.open || !this.#about) return;
    this.#complain("");
    this.#forget();
    this.#dialog.showModal();
    this.#dialog.querySelector("input:checked")?.focus();
    if (this.#payload.value === "") await this.#load();
  }

  #scenario({ id, name, what, offered }, index) {
    const input = el("input", { type: "radio", name: "scenario", value: id, id: `scenario-${id}`, disabled: !offered, onchange: () => this.#forget() });
    input.checked = index === 0;
    return el("label", { class: "scenario", for: input.id }, input, el("span", {}, el("b", {}, name), el("small", {}, visible(what))));
  }

  get #scenarioId() {
    return this.#dialog.querySelector("input[name=scenario]:checked")?.value ?? "valid";
  }

  // Loads the chosen sample, pretty-printed. The signature covers the text as shown.
  #load() {
    this.#forget();
    return this.#wait(async () => {
      const name = this.#sampleName.value;
      const response = await fetch(name ? `/page/sample?name=${encodeURIComponent(name)}` : "/page/sample");
      if (!response.ok) return;
      const { ids, body, event_type } = await response.json();
      this.#ids = ids;
      this.#eventType.value = event_type ?? "";
      try {
        this.#payload.value = JSON.stringify(JSON.parse(body), null, 2);
      } catch {
        this.#payload.value = body;
      }
    });
  }

  // Keeps the field and the payload equal, if the event type is in the payload.
  #sync(event_type) {
    if (!this.#about?.event_type?.in_body) return;
    this.#wait(async () => {
      const headers = { "content-type": "application/json" };
      const body = JSON.stringify({ body: this.#payload.value, event_type });
      const response = await fetch("/page/event-type", { method: "POST", headers, body });
      if (!response.ok) return this.#complain(await response.text());
      const typed = await response.json();
      this.#complain("");
      this.#payload.value = typed.body;
      this.#eventType.value = typed.event_type ?? "";
    });
  }

  // Changes one after the other, so that none overwrites a later one.
  #wait(change) {
    this.#pending = this.#pending.then(change).catch(() => this.#complain(UNREACHABLE));
    return this.#pending;
  }

  // Replaces the ids in the payload, so that each test event is a new delivery.
  #renew() {
    this.#ids = this.#ids.map((id) => {
      if (!this.#payload.value.includes(id)) return id;
      const digits = /^[0-9]+$/.test(id) ? "123456789" : "0123456789abcdef";
      const fresh = id.replace(/[0-9a-f]/g, () => digits[crypto.getRandomValues(new Uint8Array(1))[0] % digits.length]);
      this.#payload.value = this.#payload.value.replaceAll(id, fresh);
      return fresh;
    });
  }

  // Reads one header a line. Throws the line that has no name.
  #moreHeaders() {
    const lines = this.#headers.value.split("\n").filter((line) => line.trim() !== "");
    return lines.map((line) => {
      const colon = line.indexOf(":");
      if (colon < 1) throw new Error(`“${line.trim()}” is not a header. Write “name: value”.`);
      return [line.slice(0, colon).trim(), line.slice(colon + 1).trim()];
    });
  }

  #content() {
    const content = { scenario: this.#scenarioId, sample: this.#sampleName.value || null, body: this.#payload.value, headers: this.#moreHeaders() };
    const place = this.#about.event_type;
    if (place && !place.in_body && this.#eventType.value) content.event_type = this.#eventType.value;
    return content;
  }

  async #ask(what) {
    this.#complain("");
    await this.#pending;
    let body = "";
    try {
      this.#renew();
      body = JSON.stringify(this.#content());
    } catch (error) {
      this.#complain(error.message);
      this.#headers.closest("details").open = true;
      this.#headers.setAttribute("aria-invalid", "true");
      this.#headers.focus();
      return null;
    }
    try {
      const response = await fetch(`/page/${what}`, { method: "POST", headers: { "content-type": "application/json" }, body });
      if (response.ok) return response;
      this.#complain(await response.text());
    } catch {
      this.#complain(UNREACHABLE);
    }
    return null;
  }

  async #send() {
    const button = byId("send-now");
    button.disabled = true;
    const response = await this.#ask("send");
    button.disabled = false;
    if (!response) return;
    this.#dialog.close();
    this.onsent((await response.json()).from);
  }

  async #curl(button) {
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
    if (text === "") this.#headers.removeAttribute("aria-invalid");
  }
}
