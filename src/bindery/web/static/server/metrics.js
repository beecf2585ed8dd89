// The server at this moment: requests a second, their mean time, what waits, what is held; looked at every few seconds.

import uPlot from "../../vendor/uplot/uPlot.esm.js";
import { ask } from "../dom.js";

const SECONDS = 2;
const MOST_POINTS = 150;
const HEIGHT = 84;
const language = document.documentElement.lang;
const number = new Intl.NumberFormat(language, { maximumFractionDigits: 1 });
const names = ["rate", "mean", "waiting_files", "held"];
const shown = { rate: (value) => `${number.format(value)} /s`, mean: (value) => `${number.format(value)} ms`, waiting_files: (value) => number.format(value), held: bytes };
const times = [];
const values = Object.fromEntries(names.map((name) => [name, []]));
const plots = {};
let last = null;

function bytes(count) {
  return count < 1000 ? `${count} B` : count < 1e6 ? `${number.format(count / 1e3)} kB` : `${number.format(count / 1e6)} MB`;
}

function note(now) {
  if (last) {
    const seconds = Math.max(0.001, now.Time - last.Time);
    const requests = Math.max(0, now.Requests - last.Requests);
    const found = { rate: requests / seconds, mean: requests ? (Math.max(0, now.Seconds - last.Seconds) / requests) * 1000 : 0, waiting_files: now.Waiting, held: now.Bytes };
    times.push(now.Time);
    for (const name of names) {
      values[name].push(found[name]);
      document.getElementById(name).textContent = shown[name](found[name]);
    }
    if (times.length > MOST_POINTS) for (const each of [times, ...Object.values(values)]) each.shift();
    for (const name of names) draw(name);
  }
  last = now;
}

function draw(name) {
  const data = [times, values[name]];
  if (plots[name]) {
    plots[name].setData(data);
    return;
  }
  const holder = document.getElementById(`plot-${name}`);
  const style = getComputedStyle(document.documentElement);
  const colour = (each) => style.getPropertyValue(each).trim();
  plots[name] = new uPlot({ width: holder.clientWidth, height: HEIGHT, legend: { show: false }, cursor: { show: false }, axes: [{ show: false }, { show: false }],
    scales: { y: { range: (plot, low, high) => [0, Math.max(high, 1e-6) * 1.1] } },
    series: [{}, { stroke: colour("--accent"), width: 1.5, fill: colour("--accent-ground"), points: { show: false } }] }, data, holder);
  new ResizeObserver(() => plots[name].setSize({ width: holder.clientWidth, height: HEIGHT })).observe(holder);
}

async function look() {
  try {
    if (!document.hidden) note(await ask("/console/metrics/now"));
    setTimeout(look, SECONDS * 1000);
  } catch {
    setTimeout(look, SECONDS * 5000); // the server may be starting
  }
}

look();
