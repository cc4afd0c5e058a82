// The durations of the last deliveries: a bar for each, on a logarithmic scale.

import { byId, clock, el, svg, took, visible } from "./dom.js";
import { title, tone, verdict } from "./verdict.js";

// The numbers of bars for which there can be room. With few deliveries, the bars are wider.
const ROOMS = [20, 40, 60];
const WIDTH = 360;
const HEIGHT = 60;
// The room above the longest bar, for its mark.
const MARGIN = 5;
// The lowest duration, in milliseconds. Shorter ones have the smallest bar.
const FLOOR = 0.01;

export class Chart {
  #ended = [];
  #room = 0;
  #pointed = null;
  #bars = byId("bars");

  // Calls `onopen` with the number of the delivery whose bar is clicked.
  constructor(onopen) {
    this.onopen = onopen;
    this.#bars.setAttribute("viewBox", `0 0 ${WIDTH} ${HEIGHT}`);
    this.#bars.addEventListener("pointermove", (event) => this.#point(this.#under(event)));
    this.#bars.addEventListener("pointerleave", () => this.#point(null));
    this.#bars.addEventListener("click", (event) => this.#open(this.#under(event)));
    this.#bars.addEventListener("focus", () => {
      if (this.#bars.matches(":focus-visible")) this.#point(this.#ended.at(-1));
    });
    this.#bars.addEventListener("blur", () => this.#point(null));
    this.#bars.addEventListener("keydown", (event) => this.#key(event));
  }

  draw(summaries) {
    this.#ended = summaries.filter((summary) => summary.ms !== null).slice(-ROOMS.at(-1));
    this.#room = ROOMS.find((room) => room >= this.#ended.length);
    const sorted = this.#ended.map((summary) => summary.ms).sort((a, b) => a - b);
    const at = (share) => took(sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))]);
    this.figures = sorted.length ? `median ${at(0.5)} · p95 ${at(0.95)}` : "";
    this.#bars.setAttribute("aria-label", `Latency of the last ${sorted.length} deliveries: ${this.figures}`);

    const scale = new Scale(sorted.at(-1) ?? 0);
    const lines = [FLOOR, ...scale.marks].map((ms) => {
      const y = HEIGHT - scale.height(ms);
      return svg("line", { class: "grid", x1: 0, x2: WIDTH, y1: y, y2: y });
    });
    this.#bars.replaceChildren(svg("g", { "aria-hidden": "true" }, lines), ...this.#ended.map((summary, index) => this.#bar(summary, index, scale)));
    byId("scale").replaceChildren(...scale.marks.map((ms) => mark(ms, scale)));
    this.#times();
    const pointed = this.#pointed;
    this.#point(this.#ended.find((summary) => summary.number === pointed?.number) ?? null);
  }

  // Failed and rejected deliveries have a mark above the bar, and bars of those without a run of the handler are
  // hollow, so that colours are not the only difference.
  #bar(summary, index, scale) {
    const width = WIDTH / this.#room;
    const height = Math.max(2, scale.height(summary.ms));
    const { group, name } = verdict(summary);
    const place = { x: index * width + width * 0.15, width: width * 0.7 };
    const isBad = group === "failed" || group === "rejected";
    return svg(
      "g",
      { id: `bar-${summary.number}`, role: "option", class: tone(summary), "aria-label": visible(`#${summary.number} ${title(summary) ?? ""}, ${name}, ${took(summary.ms)}, ${clock(summary.at)}`) },
      svg("rect", { class: isBad || group === "handled" ? null : "hollow", y: HEIGHT - height, height, ...place }),
      isBad ? svg("rect", { y: HEIGHT - height - 4, height: 2, ...place }) : null,
    );
  }

  #times() {
    const [first, last] = [this.#ended.at(0), this.#ended.at(-1)];
    const share = this.#ended.length / this.#room;
    const labels = [first, share > 0.5 ? last : null].filter(Boolean).map(({ at }) => el("span", {}, clock(at)));
    byId("times").replaceChildren(...labels);
    byId("times").style.width = `${share * 100}%`;
  }

  #under({ clientX }) {
    const { left, width } = this.#bars.getBoundingClientRect();
    return this.#ended[Math.floor(((clientX - left) / width) * this.#room)] ?? null;
  }

  // Describes a delivery in the caption, in place of the figures.
  #point(summary) {
    this.#pointed = summary;
    this.#bars.querySelector(".pointed")?.remove();
    if (summary) {
      const width = WIDTH / this.#room;
      this.#bars.firstChild.append(svg("rect", { class: "pointed", x: this.#ended.indexOf(summary) * width, width, y: 0, height: HEIGHT }));
      this.#bars.setAttribute("aria-activedescendant", `bar-${summary.number}`);
      const name = el("span", { class: "name" }, visible(`#${summary.number} ${title(summary) ?? ""}`));
      const state = el("span", { class: `state ${tone(summary)}` }, verdict(summary).name);
      byId("chart-caption").replaceChildren(el("span", { class: "readout" }, state, name, el("span", { class: "took" }, took(summary.ms))));
    } else {
      this.#bars.removeAttribute("aria-activedescendant");
      byId("chart-caption").replaceChildren(el("span", {}, "Latency (log)"), el("span", { class: "figures" }, this.figures));
    }
  }

  #open(summary) {
    if (summary) this.onopen(summary.number);
  }

  #key(event) {
    const last = this.#ended.length - 1;
    const at = this.#pointed ? this.#ended.indexOf(this.#pointed) : last;
    const to = { ArrowLeft: at - 1, ArrowRight: at + 1, Home: 0, End: last }[event.key];
    if (to !== undefined) this.#point(this.#ended[Math.max(0, Math.min(last, to))]);
    else if (event.key === "Enter") this.#open(this.#pointed);
    else return;
    event.preventDefault();
    event.stopPropagation();
  }
}

// From the floor to the first power of ten, in milliseconds, that is not less than `greatest`.
class Scale {
  constructor(greatest) {
    this.top = [10, 100, 1_000, 10_000].find((top) => top >= greatest) ?? 100_000;
    const decades = Math.round(Math.log10(this.top / FLOOR));
    const step = decades > 3 ? 2 : 1;
    this.marks = Array.from({ length: Math.floor(decades / step) + 1 }, (_, index) => this.top / 10 ** (index * step));
  }

  height(ms) {
    const share = Math.log(ms / FLOOR) / Math.log(this.top / FLOOR);
    return Math.min(1, Math.max(0, share)) * (HEIGHT - MARGIN);
  }
}

function mark(ms, scale) {
  const name = ms < 1 ? `${Math.round(ms * 1000)} µs` : ms < 1000 ? `${ms} ms` : `${ms / 1000} s`;
  const label = el("span", {}, name);
  label.style.bottom = `${(scale.height(ms) / HEIGHT) * 100}%`;
  return label;
}
