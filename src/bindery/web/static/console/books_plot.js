// The books of a binding over time: what was kept of them, and what comes while somebody looks.

import uPlot from "../../vendor/uplot/uPlot.esm.js";
import { fill, h } from "../dom.js";

const HEIGHT = 180;
const MOST_POINTS = 2000;
const SERIES = [["indexed", "books_Indexed", "--good"], ["pending", "books_Pending", "--accent"], ["failed", "books_Failed", "--bad"]];
const number = new Intl.NumberFormat();

export class BooksPlot {
  constructor(holder, texts) {
    this.holder = holder;
    this.texts = texts;
    this.points = [];
    this.waiting = [];
    this.begun = false;
  }

  /** The points of GetBindingHistory; those that came meanwhile follow them. */
  begin(earlier) {
    this.points = earlier.map((point) => ({ time: Date.parse(point.Time) / 1000, indexed: point.Indexed, pending: point.Pending, failed: point.Failed, excluded: point.Excluded }));
    this.begun = true;
    for (const point of this.waiting) this.put(point);
    this.draw();
  }

  /** The books as they are now. */
  add(progress) {
    const point = { time: Date.now() / 1000, indexed: progress.Indexed + progress.Unchanged, pending: progress.Pending, failed: progress.Failed, excluded: progress.Excluded };
    if (!this.begun) return this.waiting.push(point);
    this.put(point);
    this.draw();
  }

  put(point) {
    const newest = this.points.at(-1);
    // The clock of the server may be ahead of this one, and a line never goes back.
    this.points.push({ ...point, time: newest ? Math.max(point.time, newest.time + 0.001) : point.time });
    if (this.points.length > MOST_POINTS) this.points.shift();
  }

  draw() {
    if (this.points.length < 2) return;
    const newest = this.points.at(-1);
    const said = { indexed: newest.indexed, pending: newest.pending, failed: newest.failed };
    this.holder.setAttribute("aria-label", fill(this.texts.plot_says, said));
    const data = [this.points.map((point) => point.time), ...SERIES.map(([name]) => this.points.map((point) => point[name]))];
    if (this.plot) this.plot.setData(data);
    else this.make(data);
  }

  make(data) {
    const style = getComputedStyle(document.documentElement);
    const colour = (name) => style.getPropertyValue(name).trim();
    const axis = { stroke: colour("--quiet"), grid: { stroke: colour("--line"), width: 1 }, ticks: { stroke: colour("--line") }, font: "12px system-ui" };
    this.plot = new uPlot({
      width: this.holder.clientWidth, height: HEIGHT, legend: { show: false }, cursor: { show: false },
      scales: { y: { range: (_, low, high) => [0, Math.max(1, high * 1.05)] } },
      axes: [axis, { ...axis, size: 64, values: (_, ticks) => ticks.map((tick) => (Number.isInteger(tick) ? number.format(tick) : "")) }],
      series: [{}, ...SERIES.map(([, text, stroke]) => ({ label: this.texts[text], stroke: colour(stroke), width: 2, points: { show: false } }))],
    }, data, this.holder);
    this.holder.append(h("ul", { class: "legend", "aria-hidden": "true" }, SERIES.map(([name, text]) => h("li", { class: "series-" + name }, this.texts[text]))));
    new ResizeObserver(() => this.plot.setSize({ width: this.holder.clientWidth, height: HEIGHT })).observe(this.holder);
  }
}
