// The durations of the last deliveries, as bars on a logarithmic scale.

import { byId, el, svg, took } from "./dom.js";
import { tone } from "./verdict.js";

const MAX_SHOWN = 60;
const WIDTH = 360;
const HEIGHT = 48;
// The scale, in milliseconds.
const [LEAST, GREATEST] = [0.1, 10_000];
const MARKED = [
  [1, "1 ms"],
  [100, "100 ms"],
  [10_000, "10 s"],
];

export function draw(summaries) {
  const ended = summaries.filter((summary) => summary.ms !== null).slice(-MAX_SHOWN);
  const chart = byId("chart");
  chart.setAttribute("viewBox", `0 0 ${WIDTH} ${HEIGHT}`);
  const step = WIDTH / MAX_SHOWN;
  const bars = ended.map((summary, index) => {
    const height = Math.max(2, heightOf(summary.ms));
    const x = WIDTH - (ended.length - index) * step;
    return svg("rect", { class: tone(summary), x: x + 0.75, y: HEIGHT - height, width: step - 1.5, height, rx: 1 });
  });
  const lines = MARKED.map(([ms]) => {
    const y = HEIGHT - heightOf(ms);
    return svg("line", { class: "grid", x1: 0, x2: WIDTH, y1: y, y2: y });
  });
  if (byId("scale").childElementCount === 0) byId("scale").append(...MARKED.map(mark));
  chart.replaceChildren(...lines, ...bars);

  const sorted = ended.map((summary) => summary.ms).sort((a, b) => a - b);
  const at = (share) => took(sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))]);
  const figures = sorted.length ? `median ${at(0.5)} · 95 % ${at(0.95)}` : "no deliveries yet";
  byId("latency").textContent = figures;
  chart.setAttribute("aria-label", `Latency of the last ${sorted.length} deliveries: ${figures}`);
}

function heightOf(ms) {
  const share = Math.log(ms / LEAST) / Math.log(GREATEST / LEAST);
  return Math.min(1, Math.max(0, share)) * HEIGHT;
}

function mark([ms, name]) {
  const label = el("span", {}, name);
  label.style.bottom = `${(heightOf(ms) / HEIGHT) * 100}%`;
  return label;
}
