// The page: adds deliveries from the event stream to the list, and handles keys and buttons.

import { byId, copy, el, visible } from "./dom.js";
import { List } from "./list.js";
import { missing, show, unselected, welcome } from "./detail.js";
import { Sender } from "./send.js";
import { actions, save } from "./actions.js";
import { verdict } from "./verdict.js";

const UNREACHABLE = "The inspector does not respond. Is it still running?";

let about = null;
let run = null;
// The client addresses of test events that this page has sent, to select them when they arrive.
const sent = new Set();
// On a narrow screen, a delivery takes the place of the list.
const narrow = window.matchMedia("(max-width: 760px)");

const list = new List(selected, arrange);
const sender = new Sender(follow);

// Selects the requests from these addresses when they arrive.
function follow(from) {
  for (const address of from) sent.add(address);
  // They may have arrived already.
  const arrived = [...list.requests.values()].filter((summary) => sent.has(summary.from));
  arrived.sort((a, b) => a.number - b.number).forEach(arrive);
}

function arrive(summary) {
  if (!sent.delete(summary.from)) return;
  list.select(summary.number, { open: true });
}

function selected(number, open) {
  route(number, open);
  if (open || number === null) document.body.classList.toggle("reading", number !== null);
  arrange();
  refresh(number);
}

// Shows the current state of a delivery.
let asked = 0;
let shown = null;
async function refresh(number) {
  const turn = ++asked;
  if (number === null) {
    shown = null;
    unselected();
    return;
  }
  const response = await fetch(`/page/requests/${number}`).catch(() => null);
  // Another delivery was selected meanwhile.
  if (turn !== asked || !response) return;
  if (!response.ok) {
    const text = await response.text();
    if (turn === asked) missing(text, close);
    return;
  }
  const request = await response.json();
  if (turn !== asked) return;
  const others = [...list.requests.values()].filter((other) => other.key && other.key === request.key && other.number !== number);
  const actionsOf = request.outcome === "wrong_path" ? null : actions(request, about, follow);
  show(request, { related: others.slice(-8), select: (other) => list.select(other, { open: true }), close, actions: actionsOf });
  if (shown !== number) byId("detail").scrollTop = 0;
  shown = number;
}

// The delivery that the address names: `#/12`.
function routed() {
  const number = /^#\/(\d{1,15})$/.exec(location.hash)?.[1];
  return number === undefined ? null : Number(number);
}

// Lets the address name the selected delivery. The browser's back button returns to the list, or to the delivery that
// was opened before.
function route(number, open) {
  if (number === routed()) return;
  const fromList = routed() === null;
  if (number === null) history.replaceState(null, "", location.pathname);
  else if (open || fromList) history.pushState({ fromList }, "", `#/${number}`);
  else history.replaceState(history.state, "", `#/${number}`);
}

window.addEventListener("hashchange", () => {
  const number = routed();
  if (number === list.selected) return;
  const before = list.selected;
  list.select(number, { open: true });
  if (number !== null) return;
  list.reveal(before);
  byId("list").focus({ preventScroll: true });
});

function close() {
  if (narrow.matches && document.body.classList.contains("reading")) {
    if (history.state?.fromList) {
      history.back();
      return;
    }
    const before = list.selected;
    list.select(null);
    list.reveal(before);
  }
  byId("list").focus({ preventScroll: true });
}

function open() {
  if (list.selected === null) list.move(0);
  if (list.selected === null) return;
  list.select(list.selected, { open: true });
  byId("detail").focus();
}

// Until the first delivery, the page shows how to get one.
function arrange() {
  if (!about) return;
  const waits = list.requests.size === 0 && list.selected === null;
  document.body.classList.toggle("waiting-for-first", waits);
  const empty = byId("empty");
  empty.hidden = list.shown > 0;
  const listed = list.shown === 1 ? "listed delivery" : `${list.shown} listed deliveries`;
  byId("export").title = `Save the ${listed} as JSON lines, with unmasked payloads`;
  if (waits) {
    if (!empty.querySelector(".welcome")) empty.replaceChildren(welcome(about, () => sender.open()));
  } else {
    empty.replaceChildren(el("p", { class: "note" }, list.requests.size > 0 ? "No match" : "No deliveries yet"));
  }
}

async function clear() {
  // The list is cleared by the event stream, on every open page.
  const count = list.requests.size;
  const response = await fetch("/page/requests", { method: "DELETE" }).catch(() => null);
  if (response?.ok) tell(`Cleared ${deliveries(count)}. Duplicates are still recognized.`);
  else warn((await response?.text()) ?? UNREACHABLE);
}

const deliveries = (count) => (count === 1 ? "1 delivery" : `${count} deliveries`);

async function exportShown() {
  const problem = await save(list.shownNumbers());
  if (problem) warn(problem);
}

// Shows a text for a short time.
let told = 0;
function tell(text) {
  const status = byId("status");
  status.textContent = text;
  status.hidden = false;
  clearTimeout(told);
  told = setTimeout(() => (status.hidden = true), 8000);
}

function warn(text) {
  const notice = byId("notice");
  notice.textContent = visible(text);
  notice.hidden = false;
}

function listen() {
  const live = byId("live");
  const source = new EventSource("/page/events");
  let arrived = [];
  let timer = 0;
  let failures = 0;
  source.addEventListener("open", () => {
    failures = 0;
    live.textContent = "Live";
    live.dataset.state = "live";
    byId("notice").hidden = true;
  });
  source.addEventListener("error", () => {
    live.textContent = "Reconnecting";
    live.dataset.state = "lost";
    // The first failure is the end of the connection, and the next ones those of connecting again.
    failures += 1;
    if (failures > 1) warn(UNREACHABLE);
  });
  source.addEventListener("run", ({ data }) => {
    if (run !== null && run !== data) {
      // A restarted inspector has another history.
      history.replaceState(null, "", location.pathname);
      location.reload();
    }
    run = data;
    soon();
  });
  source.addEventListener("cleared", () => {
    arrived = [];
    list.clear();
  });
  source.addEventListener("message", ({ data }) => {
    arrived.push(JSON.parse(data));
    soon();
  });
  function soon() {
    if (timer === 0) timer = setTimeout(take, 20);
  }
  // Updates the page once for several deliveries.
  function take() {
    timer = 0;
    const summaries = arrived;
    arrived = [];
    document.body.classList.remove("loading");
    if (summaries.length === 0) return;
    const isNew = (summary) => !list.requests.has(summary.number);
    const fresh = summaries.filter(isNew);
    list.update(summaries);
    if (summaries.some((summary) => summary.number === list.selected)) refresh(list.selected);
    fresh.forEach(arrive);
    const last = summaries.at(-1);
    byId("announcer").textContent = visible(`Delivery ${last.number}: ${verdict(last).name}${last.kind ? `, ${last.kind.replaceAll("_", " ")}` : ""}`);
  }
}

async function describe() {
  const response = await fetch("/page/about");
  if (!response.ok) {
    warn(await response.text());
    return false;
  }
  about = await response.json();
  const provider = byId("provider");
  provider.textContent = about.name;
  if (about.documentation?.startsWith("https://")) provider.href = about.documentation;
  provider.title = about.signs ? `${about.algorithm} of ${about.signs}` : "Documentation of the signature scheme";
  byId("endpoint").textContent = about.endpoint;
  list.provider = about.name;
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

// Moves the selection. Assistive technology reads the selected row if the list has the focus.
function move(by) {
  list.move(by);
  byId("list").focus({ preventScroll: true });
}

const KEYS = {
  j: () => move(1),
  k: () => move(-1),
  ArrowDown: () => move(1),
  ArrowUp: () => move(-1),
  g: () => move(-Infinity),
  G: () => move(Infinity),
  Enter: open,
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
  if (event.key === "Enter" && event.target.closest("button, a, summary")) return;
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

byId("clear").addEventListener("click", clear);
byId("export").addEventListener("click", exportShown);

theme(false);
if (await describe()) {
  list.select(routed(), { open: true });
  listen();
}
