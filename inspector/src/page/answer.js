// The response of the service in forward mode.

import { el, took, visible } from "./dom.js";

export function answer(request) {
  const { answer } = request;
  if (!answer) return null;
  const size = answer.bytes === 1 ? "1 byte" : `${answer.bytes.toLocaleString("en")} bytes`;
  const tag = answer.error ? el("span", { class: "tag bad" }, "no response") : el("span", { class: answer.status >= 200 && answer.status < 300 ? "tag good" : "tag bad" }, String(answer.status));
  return el(
    "section",
    { class: "card answer" },
    el("h3", {}, "Response of the service", tag, answer.error ? null : el("span", { class: "tag" }, size), answer.truncated ? el("span", { class: "tag" }, "truncated") : null),
    el("p", { class: "line mono" }, visible(answer.from)),
    el("p", { class: "note" }, answer.error ? visible(answer.error) : visible(`${answer.status} ${answer.reason ?? ""}`.trim()), ` after ${took(answer.ms)}`),
    answer.headers.length > 0 ? el("dl", { class: "headers mono" }, answer.headers.map(([name, value]) => [el("dt", {}, visible(name)), el("dd", {}, visible(value))])) : null,
    answer.text ? el("pre", { class: "code", tabindex: 0, "aria-label": "Body of the response" }, visible(answer.text)) : null,
  );
}
