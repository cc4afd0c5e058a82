// The list of deliveries: rows, counters, filters, and which row is selected.

import { byId, clock, cut, date, el, name, rich, took } from "./dom.js";
import { Chart } from "./chart.js";
import { title, tone, verdict } from "./verdict.js";

// The same limit as that of the inspector's history.
const MAX_SHOWN = 500;

const GROUPS = [
  ["all", "All"],
  ["handled", "Handled"],
  ["failed", "Failed"],
  ["duplicate", "Duplicate"],
  ["waiting", "Retry later"],
  ["rejected", "Rejected"],
  ["running", "Running"],
  ["wrong-path", "Wrong path"],
  ["other", "Other"],
];

export class List {
  requests = new Map();
  // The name of the provider, for deliveries without an event type.
  provider = "";
  // The number of rows that are not filtered out.
  shown = 0;
  #rows = new Map();
  #group = "all";
  #text = "";
  #selected = null;
  #list = byId("list");
  #counters = new Map();
  #chart = new Chart((number) => this.select(number, { open: true }));

  // Calls `onselect` with the number of the selected delivery, and `onchange` if other rows are shown.
  constructor(onselect, onchange) {
    this.onselect = onselect;
    this.onchange = onchange;
    for (const [group, name] of GROUPS) {
      const count = el("b", {}, "0");
      const choose = () => this.#filter(group, this.#text);
      const button = el("button", { type: "button", class: `counter ${group}`, "aria-pressed": String(group === "all"), onclick: choose }, name, " ", count);
      this.#counters.set(group, { button, count });
      byId("counters").append(button);
    }
    byId("filter").addEventListener("input", (event) => this.#filter(this.#group, event.target.value));
    this.#list.addEventListener("click", (event) => {
      const row = event.target.closest("[data-number]");
      if (row) this.select(Number(row.dataset.number), { open: true });
    });
  }

  get selected() {
    return this.#selected;
  }

  clear() {
    this.requests.clear();
    this.#rows.clear();
    this.#list.replaceChildren();
    byId("filter").value = "";
    this.#filter("all", "");
    this.select(null);
  }

  // Adds or updates deliveries.
  update(summaries) {
    const known = this.requests.size;
    const wasShown = this.#rows.has(this.#selected);
    for (const summary of summaries) {
      this.requests.set(summary.number, summary);
      const row = this.#row(summary);
      const before = this.#rows.get(summary.number);
      if (before) before.replaceWith(row);
      else this.#insert(row, summary.number);
      // Only single deliveries move in: many would move all the time.
      if (!before && known > 0 && summaries.length <= 3) row.classList.add("new");
      this.#rows.set(summary.number, row);
    }
    const oldest = [...this.requests.keys()].sort((a, b) => a - b);
    for (const number of oldest.slice(0, Math.max(0, oldest.length - MAX_SHOWN))) {
      this.requests.delete(number);
      this.#rows.get(number).remove();
      this.#rows.delete(number);
    }
    if (summaries.some(({ number }) => number === this.#selected) && !wasShown) this.reveal(this.#selected);
    this.#mark();
    this.#count();
  }

  select(number, { open = false } = {}) {
    this.#rows.get(this.#selected)?.setAttribute("aria-selected", "false");
    this.#selected = number;
    this.#rows.get(number)?.setAttribute("aria-selected", "true");
    this.#mark();
    this.reveal(number);
    this.onselect(number, open);
  }

  reveal(number) {
    this.#rows.get(number)?.scrollIntoView({ block: "nearest" });
  }

  // Returns the numbers of the deliveries that match the filters, oldest first.
  shownNumbers() {
    return [...this.requests.values()].filter((summary) => this.#shows(summary)).map((summary) => summary.number).sort((a, b) => a - b);
  }

  // Moves the selection by a number of visible rows.
  move(by) {
    const shown = [...this.#list.children].filter((row) => !row.hidden).map((row) => Number(row.dataset.number));
    if (shown.length === 0) return;
    const at = shown.indexOf(this.#selected);
    const to = at < 0 ? 0 : Math.min(shown.length - 1, Math.max(0, at + by));
    this.select(shown[to]);
  }

  // Tells assistive technology which row is selected.
  #mark() {
    const row = this.#rows.get(this.#selected);
    if (row) this.#list.setAttribute("aria-activedescendant", row.id);
    else this.#list.removeAttribute("aria-activedescendant");
  }

  #insert(row, number) {
    // Newest first. The new row is nearly always the newest.
    for (const other of this.#list.children) {
      if (Number(other.dataset.number) < number) {
        other.before(row);
        return;
      }
    }
    this.#list.append(row);
  }

  #row(summary) {
    const known = title(summary);
    const row = el(
      "li",
      {
        id: `row-${summary.number}`,
        role: "option",
        class: `row ${tone(summary)}`,
        "data-number": summary.number,
        "data-from": summary.from,
        "aria-selected": String(summary.number === this.#selected),
      },
      name(known ?? this.provider, { class: known === null ? "title none" : "title" }),
      el("time", { datetime: new Date(summary.at).toISOString(), title: date(summary.at) }, clock(summary.at)),
      el("span", { class: "second" }, el("span", { class: "took" }, took(summary.ms)), el("span", { class: "state" }, verdict(summary).name), summary.replayed ? el("span", { class: "tag" }, "replayed") : null, " ", about(summary)),
    );
    row.hidden = !this.#shows(summary);
    return row;
  }

  #shows(summary) {
    return (this.#group === "all" || verdict(summary).group === this.#group) && this.#matches(summary);
  }

  #matches(summary) {
    const { event_type, id, reason, finding, kind, provider, status, number, replayed } = summary;
    const text = [verdict(summary).name, event_type, id, reason, finding, kind, provider, status, replayed ? "replayed" : "", `#${number}`].join(" ").toLowerCase();
    return this.#text.split(/\s+/).every((word) => text.includes(word));
  }

  #filter(group, text) {
    this.#group = group;
    this.#text = text.trim().toLowerCase();
    for (const [number, row] of this.#rows) row.hidden = !this.#shows(this.requests.get(number));
    this.#count();
  }

  // Counts the deliveries that match the text.
  #count() {
    const counts = new Map();
    const groups = new Set(["all", this.#group]);
    for (const summary of this.requests.values()) {
      const { group } = verdict(summary);
      groups.add(group);
      if (!this.#matches(summary)) continue;
      for (const counted of [group, "all"]) counts.set(counted, (counts.get(counted) ?? 0) + 1);
    }
    for (const [group, { button, count }] of this.#counters) {
      count.textContent = counts.get(group) ?? 0;
      button.classList.toggle("none", !counts.has(group));
      button.setAttribute("aria-pressed", group === this.#group);
      button.hidden = !groups.has(group);
    }
    this.shown = counts.get(this.#group) ?? 0;
    this.#chart.draw([...this.requests.values()].sort((a, b) => a.number - b.number));
    this.onchange();
  }
}

// What the second line says: the cause of a rejection, or the delivery's id.
function about(summary) {
  const { finding, id, kind, reason, verified } = summary;
  if (finding) return el("span", { class: "about finding" }, rich(finding));
  if (kind && kind !== "in_progress" && reason) return el("span", { class: "about" }, rich(reason.replace(/^signature mismatch: /, "")));
  if (id) return cut(id, { class: "about mono" });
  return el("span", { class: "about" }, verified ? "no id" : "not verified");
}
