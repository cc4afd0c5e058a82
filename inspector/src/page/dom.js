// Creates elements. Untrusted data from the network only becomes text.

export const byId = (id) => document.getElementById(id);

// el("p", { class: "note", onclick: f }, "text", child, …)
export function el(tag, attributes = {}, ...children) {
  return fill(document.createElement(tag), attributes, children);
}

export function svg(tag, attributes = {}, ...children) {
  return fill(document.createElementNS("http://www.w3.org/2000/svg", tag), attributes, children);
}

function fill(element, attributes, children) {
  for (const [name, value] of Object.entries(attributes)) {
    if (value === null || value === undefined || value === false) continue;
    if (name.startsWith("on")) element.addEventListener(name.slice(2), value);
    else element.setAttribute(name, value === true ? "" : value);
  }
  element.append(...children.flat(Infinity).filter((child) => child !== null && child !== undefined));
  return element;
}

// Invisible characters, and those that change the direction of text, are shown by their code points.
const UNSEEN = /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u00ad\u061c\u180e\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb]/g;

export function visible(text) {
  return String(text).replace(UNSEEN, (c) => `\\u{${c.charCodeAt(0).toString(16).padStart(4, "0")}}`);
}

// The characters at the end of a text that stay if it is cut.
const KEPT = 10;

// Returns an element with a text on one line. If it is too long, the browser cuts it in the middle, because ids often
// differ at their end. The order of the two parts is only known for text from left to right.
export function cut(text, attributes) {
  const line = visible(text).replace(/\s/g, " ");
  const at = /^[\x20-\x7e]{20,}$/.test(line) ? line.length - KEPT : line.length;
  return el("span", { ...attributes, class: `${attributes.class} cut`, title: line }, el("span", {}, line.slice(0, at)), at < line.length ? el("span", {}, line.slice(at)) : null);
}

const MAX_NAME = 72;

// Returns an element with a name of several words, such as an event type. It breaks after a word, and is cut in the
// middle if it is much longer than real ones.
export function name(text, attributes) {
  const whole = visible(text);
  const letters = [...whole];
  const short = letters.length > MAX_NAME ? `${letters.slice(0, MAX_NAME - 24).join("")}…${letters.slice(-23).join("")}` : whole;
  const words = short.split(/(?<=[._/:-])(?=[^._/:-])/);
  return el("span", { ...attributes, title: whole }, words.map((word, index) => [index > 0 ? el("wbr") : null, word]));
}

// Longer code breaks at the end of a line.
const MAX_UNBROKEN = 24;

// Formats parts in `backticks` as code.
export function rich(text) {
  return visible(text)
    .split("`")
    .map((part, index) => (index % 2 ? el("code", { class: part.length <= MAX_UNBROKEN ? "short" : null }, part) : part));
}

export function clock(ms, options = {}) {
  const time = new Date(ms);
  const digits = (number, length = 2) => String(number).padStart(length, "0");
  const text = `${digits(time.getHours())}:${digits(time.getMinutes())}:${digits(time.getSeconds())}`;
  return options.millis ? `${text}.${digits(time.getMilliseconds(), 3)}` : text;
}

// Returns a date and time with milliseconds and the zone.
export function date(ms) {
  const time = new Date(ms);
  const digits = (number) => String(number).padStart(2, "0");
  const offset = -time.getTimezoneOffset();
  const zone = offset === 0 ? "" : `${offset < 0 ? "-" : "+"}${digits(Math.floor(Math.abs(offset) / 60))}:${digits(Math.abs(offset) % 60)}`;
  return `${time.getFullYear()}-${digits(time.getMonth() + 1)}-${digits(time.getDate())} ${clock(ms, { millis: true })} UTC${zone}`;
}

export function took(ms) {
  if (ms === null) return "";
  if (ms < 1) return `${(ms * 1000).toFixed(0)} µs`;
  if (ms < 100) return `${ms.toFixed(1)} ms`;
  if (ms < 1000) return `${ms.toFixed(0)} ms`;
  return `${(ms / 1000).toFixed(2)} s`;
}

// Copies a text to the clipboard, and shows the result on the button.
export async function copy(text, button) {
  const done = (await onClipboard(text)) ? "Copied" : "Select and copy";
  const before = button.dataset.label ?? button.textContent;
  button.dataset.label = before;
  button.textContent = done;
  setTimeout(() => (button.textContent = before), 1600);
}

async function onClipboard(text) {
  try {
    await navigator.clipboard.writeText(text);
    return true;
  } catch {
    // Without a secure context, only the older API is available. If a dialog is open, the text must be in
    // it, because everything else is inert.
    const field = el("textarea", { class: "unseen", readonly: true, "aria-hidden": "true" });
    field.value = text;
    (document.querySelector("dialog[open]") ?? document.body).append(field);
    field.select();
    const copied = document.execCommand("copy");
    field.remove();
    return copied;
  }
}
