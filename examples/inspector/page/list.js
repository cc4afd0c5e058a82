// The list of deliveries: rows, counters, filters, and which row is selected.

import { byId, clock, el, took, visible } from "./dom.js";
import { draw } from "./chart.js";
import { tone, verdict } from "./verdict.js";

// The same limit as that of the inspector's history.
const MAX_SHOWN = 500;

const GROUPS = [
  ["all", "All"],
  ["handled", "Handled"],
  ["failed", "Failed"],
  ["duplicate", "Duplicate"],
  ["rejected", "Rejected"],
  ["running", "Running"],
  ["other", "Other"],
];

export class List {
  requests = new Map();
  #rows = new Map();
  #group = "all";
  #text = "";
  #selected = null;
  #list = byId("list");
  #counters = new Map();

  constructor(onselect) {
    this.onselect = onselect;
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
    this.#count();
  }

  get selected() {
    return this.#selected;
  }

  clear() {
    this.requests.clear();
    this.#rows.clear();
    this.#list.replaceChildren();
    this.select(null);
    this.#count();
  }

  // Adds or updates deliveries.
  update(summaries) {
    for (const summary of summaries) {
      this.requests.set(summary.number, summary);
      const row = this.#row(summary);
      const before = this.#rows.get(summary.number);
      if (before) before.replaceWith(row);
      else this.#insert(row, summary.number);
      this.#rows.set(summary.number, row);
    }
    const oldest = [...this.requests.keys()].sort((a, b) => a - b);
    for (const number of oldest.slice(0, Math.max(0, oldest.length - MAX_SHOWN))) {
      this.requests.delete(number);
      this.#rows.get(number).remove();
      this.#rows.delete(number);
    }
    this.#count();
  }

  select(number, { open = false } = {}) {
    this.#rows.get(this.#selected)?.setAttribute("aria-selected", "false");
    this.#selected = number;
    const row = this.#rows.get(number);
    if (row) {
      row.setAttribute("aria-selected", "true");
      this.#list.setAttribute("aria-activedescendant", row.id);
      row.scrollIntoView({ block: "nearest" });
    } else {
      this.#list.removeAttribute("aria-activedescendant");
    }
    this.onselect(number, open);
  }

  // Moves the selection by a number of visible rows.
  move(by) {
    const shown = [...this.#list.children].filter((row) => !row.hidden).map((row) => Number(row.dataset.number));
    if (shown.length === 0) return;
    const at = shown.indexOf(this.#selected);
    const to = at < 0 ? 0 : Math.min(shown.length - 1, Math.max(0, at + by));
    this.select(shown[to]);
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
    const { name } = verdict(summary);
    const title = summary.event_type ?? (summary.kind ? summary.kind.replaceAll("_", " ") : "no event type");
    const second = summary.id ?? summary.reason ?? (summary.verified ? "no id" : "not verified");
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
      el("span", { class: "badge" }, name),
      el("span", { class: "title" }, visible(title)),
      el("span", { class: "took" }, took(summary.ms)),
      el("span", { class: summary.id ? "second mono" : "second" }, visible(second)),
      el("time", { datetime: new Date(summary.at).toISOString() }, clock(summary.at)),
    );
    row.hidden = !this.#shows(summary);
    return row;
  }

  #shows(summary) {
    if (this.#group !== "all" && verdict(summary).group !== this.#group) return false;
    const { event_type, id, reason, kind, provider, status, number } = summary;
    const text = [verdict(summary).name, event_type, id, reason, kind, provider, status, `#${number}`].join(" ").toLowerCase();
    return this.#text.split(/\s+/).every((word) => text.includes(word));
  }

  #filter(group, text) {
    this.#group = group;
    this.#text = text.trim().toLowerCase();
    for (const [number, row] of this.#rows) row.hidden = !this.#shows(this.requests.get(number));
    this.#count();
  }

  #count() {
    const counts = new Map([["all", this.requests.size]]);
    for (const summary of this.requests.values()) {
      const { group } = verdict(summary);
      counts.set(group, (counts.get(group) ?? 0) + 1);
    }
    for (const [group, { button, count }] of this.#counters) {
      const number = counts.get(group) ?? 0;
      count.textContent = number;
      button.setAttribute("aria-pressed", group === this.#group);
      button.hidden = number === 0 && group !== "all" && group !== this.#group;
    }
    const shown = [...this.#rows.values()].some((row) => !row.hidden);
    const empty = byId("empty");
    empty.hidden = shown;
    empty.textContent = this.requests.size ? "No matching deliveries." : "No deliveries yet.";
    draw([...this.requests.values()].sort((a, b) => a.number - b.number));
  }
}
