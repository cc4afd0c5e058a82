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

// Formats parts in `backticks` as code.
export function rich(text) {
  return visible(text)
    .split("`")
    .map((part, index) => (index % 2 ? el("code", {}, part) : part));
}

export function clock(ms, options = {}) {
  const time = new Date(ms);
  const digits = (number, length = 2) => String(number).padStart(length, "0");
  const text = `${digits(time.getHours())}:${digits(time.getMinutes())}:${digits(time.getSeconds())}`;
  return options.millis ? `${text}.${digits(time.getMilliseconds(), 3)}` : text;
}

export function date(ms) {
  const time = new Date(ms);
  const digits = (number) => String(number).padStart(2, "0");
  return `${time.getFullYear()}-${digits(time.getMonth() + 1)}-${digits(time.getDate())} ${clock(ms)}`;
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
