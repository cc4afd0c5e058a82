// The details of one delivery: its hints, steps, payload and request.

import { answer } from "./answer.js";
import { byId, clock, copy, date, el, name, rich, svg, took, visible } from "./dom.js";
import { tone, verdict } from "./verdict.js";

export function show(request, { related, select, close, actions }) {
  const { kind, reason, verified } = request;
  byId("detail").replaceChildren(
    el(
      "article",
      { class: `delivery ${tone(request)}` },
      el("button", { type: "button", class: "quiet back", onclick: close }, "← Deliveries"),
      heading(request),
      request.hints.length > 0
        ? el(
            "section",
            { class: "card hints", "aria-label": "What to do" },
            el("h3", { class: kind ? "kind" : null }, rich(capital(reason ?? kind?.replaceAll("_", " ") ?? "What this means"))),
            el("dl", {}, request.hints.map(hint)),
          )
        : null,
      request.remarks.length > 0 ? el("ul", { class: "remarks note", "aria-label": "Remarks" }, request.remarks.map((remark) => el("li", {}, rich(remark)))) : null,
      actions,
      request.steps.length === 0 ? null : el("section", { class: "card" }, el("h3", {}, "Steps"), el("ol", { class: "steps" }, request.steps.map(step))),
      answer(request),
      request.outcome === "wrong_path" ? null : payload(request),
      el(
        "section",
        { class: "card" },
        el("h3", {}, "Request", verified ? null : el("span", { class: "tag bad" }, "not verified")),
        el("p", { class: "line mono" }, visible(`${request.request.method} ${request.request.target} ${request.request.version}`)),
        el("dl", { class: "headers mono" }, request.headers.map(([name, value]) => [el("dt", {}, visible(name)), el("dd", {}, visible(value))])),
      ),
      related.length > 0 ? same(related, select) : null,
    ),
  );
}

const FOUND = "Found: ";

const capital = (text) => text.charAt(0).toUpperCase() + text.slice(1);

function hint({ cause, cure }) {
  const term = () => {
    if (!cause.startsWith(FOUND)) return el("dt", {}, rich(cause));
    return el("dt", { class: "found" }, el("span", { class: "tag" }, "Found"), " ", rich(capital(cause.slice(FOUND.length))));
  };
  return [term(), el("dd", {}, rich(cure))];
}

function heading(request) {
  const fact = (term, value, mono) => (value ? el("div", {}, el("dt", {}, term), el("dd", { class: mono ? "mono" : null }, mono ? visible(value) : name(value, {}))) : null);
  return el(
    "header",
    { class: "heading" },
    el("p", { class: "overline" }, el("span", { class: "badge" }, verdict(request).name), ` #${request.number} · ${date(request.at)} · from ${request.from}${request.recorded_at === null ? "" : ` · replayed, first received ${date(request.recorded_at)}`}`),
    el("h2", {}, visible(request.headline)),
    el(
      "dl",
      { class: "facts" },
      fact("Status", request.status ? String(request.status) : request.ms === null ? null : "none"),
      fact("Took", took(request.ms)),
      fact("Event", request.event_type),
      fact("Signed", request.timestamp ? date(request.timestamp) : null),
      fact("Id", request.id, true),
    ),
  );
}

const NAMES = { passed: "passed", failed: "failed", ended: "ended here", running: "running", skipped: "not reached" };
const MARKS = { passed: "M5 10.5l3.2 3.2L15 7", failed: "M6 6l8 8M14 6l-8 8", ended: "M6 10h8", running: "M10 5.5V10l3 2", skipped: "M9 10h2" };

function step({ name, state, text, notes, more }) {
  return el(
    "li",
    { class: state, "data-step": name, "data-state": state },
    svg("svg", { viewBox: "0 0 20 20", role: "img", "aria-label": NAMES[state] }, svg("circle", { cx: 10, cy: 10, r: 9 }), svg("path", { d: MARKS[state] })),
    el("h4", {}, name),
    el("div", {}, el("p", { class: "verdict" }, rich(text)), notes.map((note) => el("p", { class: "note" }, rich(note))), details(more)),
  );
}

function details(more) {
  if (more.length === 0) return null;
  const facts = more.map(([name, value]) => [el("dt", {}, name), el("dd", {}, rich(value))]);
  return el("details", { class: "more" }, el("summary", {}, "More"), el("dl", {}, facts));
}

function payload({ payload }) {
  const size = payload.bytes === 1 ? "1 byte" : `${payload.bytes.toLocaleString("en")} bytes`;
  const tags = [
    payload.form === "none" ? null : el("span", { class: payload.verified ? "tag good" : "tag bad" }, payload.verified ? "verified" : "not verified"),
    payload.form === "none" ? null : el("span", { class: "tag" }, payload.form === "base64" ? `${size}, in base64` : size),
    payload.truncated ? el("span", { class: "tag" }, "truncated") : null,
    payload.masked ? el("span", { class: "tag" }, "secret masked") : null,
  ];
  const text = el("pre", { class: "code payload", tabindex: 0, role: "group", "aria-label": "Payload" }, payload.form === "json" ? coloured(payload.text) : visible(payload.text));
  const take = el("button", { type: "button", class: "quiet", onclick: () => copy(payload.text, take) }, "Copy");
  return el(
    "section",
    { class: "card" },
    el("div", { class: "card-head" }, el("h3", {}, "Payload", tags), el("div", { class: "tools" }, payload.text ? take : null)),
    payload.form === "none"
      ? el("p", { class: "note" }, "Not read: the headers were sufficient.")
      : [payload.verified ? null : el("p", { class: "note" }, "Any client may have sent this. It was not passed on."), payload.text ? text : el("p", { class: "note" }, "Empty.")],
  );
}

const TOKENS = /("(?:\\.|[^"\\])*")(\s*:)?|(-?\d[\d.eE+-]*)|\b(true|false|null)\b/g;
// Longer payloads are not highlighted, because that would slow the browser down.
const MAX_COLOURED = 40_000;

function coloured(json) {
  if (json.length > MAX_COLOURED) return visible(json);
  const parts = [];
  let end = 0;
  for (const match of json.matchAll(TOKENS)) {
    const [whole, string, colon, number] = match;
    parts.push(visible(json.slice(end, match.index)));
    const kind = string ? (colon ? "key" : "string") : number ? "number" : "word";
    parts.push(el("span", { class: kind }, visible(string ?? whole)), colon ?? "");
    end = match.index + whole.length;
  }
  parts.push(visible(json.slice(end)));
  return parts;
}

function same(related, select) {
  return el(
    "section",
    { class: "card" },
    el("h3", {}, "The same delivery"),
    el(
      "ul",
      { class: "related" },
      related.map((other) =>
        el("li", { class: tone(other) }, el("button", { type: "button", class: "quiet", onclick: () => select(other.number) }, el("span", { class: "badge" }, verdict(other).name), ` #${other.number} at ${clock(other.at)}`)),
      ),
    ),
  );
}

// The pane while no delivery is selected.
export function unselected() {
  byId("detail").replaceChildren(el("p", { class: "empty note" }, "Select a delivery to see its steps. ", el("span", { class: "keyboard" }, "Or press ", el("kbd", {}, "j"), ".")));
}

// A link to a delivery that the inspector does not have.
export function missing(text, close) {
  const back = el("button", { type: "button", class: "quiet back", onclick: close }, "← Deliveries");
  byId("detail").replaceChildren(el("div", { class: "delivery" }, back, el("p", { class: "empty note" }, visible(text))));
}

// Returns the steps to the first delivery.
export function welcome(about, send) {
  const step = (title, ...content) => el("li", {}, el("h3", {}, title), content);
  const take = el("button", { type: "button", class: "quiet", onclick: () => copy(about.endpoint, take) }, "Copy");
  return el(
    "div",
    { class: "welcome" },
    el("h2", {}, "No deliveries yet"),
    el("p", { class: "note" }, "Each request to the endpoint appears here as it arrives: accepted, duplicate or rejected, and why."),
    el(
      "ol",
      {},
      about.cannot_send
        ? step("A test event cannot be signed here", el("p", {}, visible(about.cannot_send)))
        : step("Send a test event", el("p", {}, "Signed as ", el("b", {}, about.name), " signs, or broken on purpose."), el("button", { type: "button", class: "primary", onclick: send }, "Send test event")),
      step("Point your provider at the endpoint", el("p", { class: "copied" }, el("code", {}, about.endpoint), take), el("p", {}, "Or at a tunnel to it, with the secret that the inspector was started with.")),
      step("Break it", el("p", {}, "Change the body, the secret or the clock: the page shows the step that failed, the likely cause and the fix.")),
    ),
  );
}
