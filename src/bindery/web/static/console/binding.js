// One binding, live: state, books, rate and time left; and its buttons.

import uPlot from "../../vendor/uplot/uPlot.esm.js";
import { ask, dataOf, fill, h } from "../dom.js";
import { followTask } from "./task.js";

const texts = dataOf("texts");
const first = dataOf("binding");
const page = location.pathname;
const element = (id) => document.getElementById(id);
const number = new Intl.NumberFormat();
const MOST_POINTS = 600;
const history = [[], []];
let plot = null;
let last = null;
let rate = 0;

function show(binding) {
  const progress = binding.Progress;
  element("state").textContent = binding.State;
  element("state").className = "tag " + binding.Tone;
  element("phase").textContent = binding.Phase ?? "";
  element("reason").textContent = binding.Reason ?? "";
  element("reason").hidden = !binding.Reason;
  element("done").max = Math.max(1, progress.Listed ?? 0);
  element("done").value = binding.Done;
  element("counted").textContent = `${number.format(binding.Done)} / ${number.format(progress.Listed ?? 0)}`;
  element("balanced").textContent = binding.Balanced ? texts.balanced : texts.moving;
  element("balanced").className = "tag " + (binding.Balanced ? "good" : "warn");
  element("updated").textContent = binding.UpdateTime;
  element("listed-whole").textContent = progress.LastCompleteListing ?? "–";
  for (const cell of document.querySelectorAll("#books [data-field]")) {
    const value = progress[cell.dataset.field] ?? 0;
    cell.textContent = cell.dataset.field === "BytesRead" ? bytes(value) : number.format(value);
  }
  showRate(binding);
  const running = ["Ready", "Running", "Retrying"].includes(binding.State);
  for (const button of document.querySelectorAll("#actions button")) {
    const action = button.dataset.action;
    button.disabled = (action === "stop" && !running) || (action === "resume" && running) || (action === "confirm" && !progress.HeldBack) || (action === "retry" && !progress.Failed);
  }
}

function showRate(binding) {
  const now = Date.now() / 1000;
  if (last && now > last.time) {
    const fresh = Math.max(0, (binding.Done - last.done) / (now - last.time));
    rate = rate ? rate * 0.7 + fresh * 0.3 : fresh;
  }
  last = { time: now, done: binding.Done };
  const left = (binding.Progress.Listed ?? 0) - binding.Done;
  element("rate").textContent = binding.Scanning && rate > 0.05 ? fill(texts.rate, { rate: number.format(Math.round(rate * 10) / 10), left: duration(left / rate) }) : "";
  history[0].push(now);
  history[1].push(binding.Done);
  if (history[0].length > MOST_POINTS) for (const held of history) held.shift();
  if (history[0].length > 2) draw();
}

function draw() {
  const holder = element("plot");
  if (!plot) {
    const style = getComputedStyle(document.documentElement);
    const colour = (name) => style.getPropertyValue(name).trim();
    const axis = { stroke: colour("--quiet"), grid: { stroke: colour("--line"), width: 1 }, ticks: { stroke: colour("--line") } };
    plot = new uPlot({ width: holder.clientWidth, height: 140, legend: { show: false }, cursor: { show: false }, axes: [axis, { ...axis, size: 70 }],
      series: [{}, { stroke: colour("--accent"), width: 2, fill: colour("--accent-ground") }] }, history, holder);
    new ResizeObserver(() => plot.setSize({ width: holder.clientWidth, height: 140 })).observe(holder);
  } else plot.setData(history);
}

function duration(seconds) {
  if (seconds < 90) return `${Math.round(seconds)} s`;
  if (seconds < 5400) return `${Math.round(seconds / 60)} min`;
  return `${(seconds / 3600).toFixed(1)} h`;
}

function bytes(count) {
  const units = ["B", "kB", "MB", "GB", "TB", "PB"];
  let at = 0;
  while (count >= 1000 && at < units.length - 1) { count /= 1000; at += 1; }
  return `${at ? count.toFixed(1) : count} ${units[at]}`;
}

async function act(button) {
  if (button.dataset.ask && !confirm(button.dataset.ask)) return;
  const outcome = element("outcome");
  outcome.replaceChildren(h("p", { class: "quiet" }, texts.working));
  try {
    const answer = await ask(`${page}/${button.dataset.action}`, {});
    if (answer.TaskId) await follow(answer.TaskId, button.dataset.action, outcome);
    else outcome.replaceChildren(h("p", { class: "good" }, texts.done));
  } catch (error) {
    outcome.replaceChildren(h("p", { class: "problem", role: "alert" }, `${error.code ?? ""} ${error.message}`));
  }
}

function follow(task, action, outcome) {
  const type = { audit: "BindingAudit", repair: "BindingAudit", retry: "LedgerRetry" }[action] ?? "";
  return followTask(first.ProjectName, task, type, 1000, (found) =>
    outcome.replaceChildren(h("p", {}, `${found.Status} `, h("progress", { max: 100, value: found.Progress ?? 0 })), found.Result ? h("pre", {}, pretty(found.Result)) : "", found.Message ? h("p", {}, found.Message) : ""));
}

function pretty(text) {
  try { return JSON.stringify(JSON.parse(text), null, 2); } catch { return text; }
}

for (const button of document.querySelectorAll("#actions button")) button.addEventListener("click", () => act(button));
show(first);
const source = new EventSource(page + "/live");
source.addEventListener("message", (event) => show(JSON.parse(event.data)));
addEventListener("pagehide", () => source.close());
