// The page: adds deliveries from the event stream to the list, and handles keys and buttons.

import { byId, copy, el, visible } from "./dom.js";
import { List } from "./list.js";
import { show, welcome } from "./detail.js";
import { Sender } from "./send.js";
import { verdict } from "./verdict.js";

let about = null;
let run = null;
// The client addresses of test events that this page has sent, to select them when they arrive.
const sent = new Set();

const list = new List(selected);
const sender = new Sender((from) => {
  for (const address of from) sent.add(address);
  // The test events may have arrived already.
  const arrived = [...list.requests.values()].filter((summary) => sent.has(summary.from));
  arrived.sort((a, b) => a.number - b.number).forEach(arrive);
});

function arrive(summary) {
  if (!sent.delete(summary.from)) return;
  list.select(summary.number, { open: true });
}

// Shows the current state of the selected delivery.
let asked = 0;
async function selected(number, open = false) {
  const turn = ++asked;
  if (number === null) {
    document.body.classList.remove("reading");
    welcome(about, () => sender.open());
    return;
  }
  if (open) document.body.classList.add("reading");
  const response = await fetch(`/page/requests/${number}`).catch(() => null);
  // Another delivery was selected meanwhile.
  if (turn !== asked || !response) return;
  if (!response.ok) {
    byId("detail").replaceChildren(el("p", { class: "empty" }, visible(await response.text())));
    return;
  }
  const request = await response.json();
  const others = [...list.requests.values()].filter((other) => other.key && other.key === request.key && other.number !== number);
  show(request, { related: others.slice(-8), select: (other) => list.select(other), close });
}

function close() {
  document.body.classList.remove("reading");
  byId("list").focus();
}

function listen() {
  const live = byId("live");
  const source = new EventSource("/page/events");
  let arrived = [];
  source.addEventListener("open", () => {
    live.textContent = "Live";
    live.dataset.state = "live";
  });
  source.addEventListener("error", () => {
    live.textContent = "Reconnecting";
    live.dataset.state = "lost";
  });
  // A restarted inspector has another history.
  source.addEventListener("run", ({ data }) => {
    if (run !== null && run !== data) location.reload();
    run = data;
  });
  source.addEventListener("message", ({ data }) => {
    arrived.push(JSON.parse(data));
    if (arrived.length === 1) setTimeout(take, 20);
  });
  // Updates the page once for several deliveries.
  function take() {
    const summaries = arrived;
    arrived = [];
    const isNew = (summary) => !list.requests.has(summary.number);
    const fresh = summaries.filter(isNew);
    list.update(summaries);
    if (summaries.some((summary) => summary.number === list.selected)) selected(list.selected);
    fresh.forEach(arrive);
    const last = summaries.at(-1);
    byId("announcer").textContent = visible(`Delivery ${last.number}: ${verdict(last).name}${last.kind ? `, ${last.kind.replaceAll("_", " ")}` : ""}`);
  }
}

async function describe() {
  const response = await fetch("/page/about");
  if (!response.ok) {
    const notice = byId("notice");
    notice.textContent = visible(await response.text());
    notice.hidden = false;
    return false;
  }
  about = await response.json();
  const provider = byId("provider");
  provider.textContent = about.name;
  if (about.documentation?.startsWith("https://")) provider.href = about.documentation;
  provider.title = about.signs ? `${about.algorithm} of ${about.signs}` : "Documentation of the signature scheme";
  byId("endpoint").textContent = about.endpoint;
  sender.describe(about);
  return true;
}

const dark = window.matchMedia("(prefers-color-scheme: dark)");

function theme(change) {
  const root = document.documentElement;
  if (change) {
    const isDark = root.dataset.theme ? root.dataset.theme === "dark" : dark.matches;
    root.dataset.theme = isDark ? "light" : "dark";
  }
  try {
    if (change) localStorage.setItem("theme", root.dataset.theme);
    else if (localStorage.getItem("theme")) root.dataset.theme = localStorage.getItem("theme");
  } catch {
    // Without storage, the choice is not saved.
  }
}

const KEYS = {
  j: () => list.move(1),
  k: () => list.move(-1),
  ArrowDown: () => list.move(1),
  ArrowUp: () => list.move(-1),
  g: () => list.move(-Infinity),
  G: () => list.move(Infinity),
  Enter: () => list.selected !== null && (document.body.classList.add("reading"), byId("detail").focus()),
  Escape: close,
  "/": () => byId("filter").focus(),
  s: () => sender.open(),
  t: () => theme(true),
  "?": () => byId("help").showModal(),
};

document.addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey || document.querySelector("dialog[open]")) return;
  const writing = event.target.closest("input, textarea");
  if (writing) {
    if (event.key === "Escape" || event.key === "Enter") byId("list").focus();
    return;
  }
  const arrows = event.key.startsWith("Arrow");
  if (arrows && event.target !== byId("list") && event.target !== document.body) return;
  if (event.key === "Enter" && event.target.closest("button, a")) return;
  const act = KEYS[event.key];
  if (!act) return;
  event.preventDefault();
  act();
});

for (const button of document.querySelectorAll("[data-close]")) {
  button.addEventListener("click", () => button.closest("dialog").close());
}
byId("send-button").addEventListener("click", () => sender.open());
byId("help-button").addEventListener("click", () => byId("help").showModal());
byId("theme").addEventListener("click", () => theme(true));
byId("copy-endpoint").addEventListener("click", (event) => copy(about?.endpoint ?? "", event.currentTarget));

theme(false);
welcome(about, () => sender.open());
if (await describe()) {
  if (list.selected === null) welcome(about, () => sender.open());
  listen();
}
