// Values by day: bars on one another for what is done, an area for what lasts.

import uPlot from "../../vendor/uplot/uPlot.esm.js";
import { h } from "../dom.js";

const DAY = 86400;
const HEIGHT = 200;
const language = document.documentElement.lang;
const day = new Intl.DateTimeFormat(language, { month: "numeric", day: "numeric", timeZone: "UTC" });
const named = new Intl.DateTimeFormat(language, { dateStyle: "medium", timeZone: "UTC" });
const short = new Intl.NumberFormat(language, { notation: "compact", maximumFractionDigits: 1 });
const exact = new Intl.NumberFormat(language, { maximumFractionDigits: 6 });
const date = (seconds) => new Date(seconds * 1000);

/** Colours as the page has them, light or dark. */
export function colours() {
  const style = getComputedStyle(document.documentElement);
  const named = (name) => style.getPropertyValue(name).trim();
  const swatch = (number) => {
    const probe = document.body.appendChild(h("span", { class: `swatch-${number}`, hidden: true }));
    const colour = getComputedStyle(probe).color;
    probe.remove();
    return colour;
  };
  return { quiet: named("--quiet"), line: named("--line"), series: [1, 2, 3, 4, 5, 6].map(swatch) };
}

/** Draws one plot into its element, and keeps it as wide as that. */
export function drawDays(holder, { days, series, unit }, texts) {
  const used = colours();
  const axis = { stroke: used.quiet, grid: { stroke: used.line, width: 1 }, ticks: { stroke: used.line, width: 1 } };
  const lasts = unit === "Files" || unit === "Bytes";
  const stacked = lasts ? series.map((each) => each.values) : stack(series);
  const shown = series.map((each, at) => {
    const colour = used.series[at % used.series.length];
    return {
      label: each.name, stroke: colour, fill: lasts ? faint(colour) : colour, width: lasts ? 2 : 0, points: { show: lasts && days.length < 2 },
      value: (plot, value, number, index) => exact.format(index === null ? whole(each.values, lasts) : each.values[index]),
      ...(lasts ? {} : { paths: uPlot.paths.bars({ size: [0.7, 40] }) }),
    };
  });
  const options = {
    width: holder.clientWidth, height: HEIGHT, tzDate: (seconds) => uPlot.tzDate(date(seconds), "Etc/UTC"),
    cursor: { drag: { x: false, y: false }, points: { show: lasts } },
    scales: { x: { range: [days[0] - DAY / 2, days.at(-1) + DAY / 2] }, y: { range: (plot, low, high) => [0, Math.max(high, 1e-6) * 1.05] } },
    axes: [
      { ...axis, space: 56, incrs: [1, 2, 7, 14, 28, 91, 182, 365].map((count) => count * DAY), values: (plot, splits) => splits.map((each) => day.format(date(each))) },
      { ...axis, size: 60, values: (plot, splits) => splits.map((each) => short.format(each)) },
    ],
    series: [{ label: texts.day, value: (plot, value) => (value === null ? `${named.format(date(days[0]))} – ${named.format(date(days.at(-1)))}` : named.format(date(value))) }, ...shown],
  };
  const plot = new uPlot(options, [days, ...stacked], holder);
  new ResizeObserver(() => plot.setSize({ width: holder.clientWidth, height: HEIGHT })).observe(holder);
}

/** Sums from the last to the first: the first is the largest and drawn first, so that each other shows before it. */
function stack(series) {
  const sums = series[0].values.map(() => 0);
  return series.toReversed().map((each) => each.values.map((value, at) => (sums[at] += value))).toReversed();
}

/** Of all days: what was done is added up, of what lasts the last day counts. */
function whole(values, lasts) {
  return lasts ? values.at(-1) : values.reduce((sum, value) => sum + value, 0);
}

function faint(colour) {
  return colour.replace("rgb(", "rgba(").replace(")", ", 0.15)");
}
