// One binding, live: state, books, rate and time left, what the books were; and its buttons.

import { ask, dataOf, fill, h, lastShown, latest, problem } from "../dom.js";
import { watch } from "../live.js";
import { BooksPlot } from "./books_plot.js";
import { bytes, duration } from "./figures.js";
import { heldBack } from "./held_back.js";
import { followTask } from "./task.js";

const RATE_SECONDS = 60;
const SLOWEST = 0.05;
const AT_WORK = ["Ready", "Running", "Retrying"];
const texts = dataOf("texts");
const page = location.pathname;
const element = (id) => document.getElementById(id);
const buttons = [...document.querySelectorAll("#actions button[data-action]")];
const held = element("held");
const askHeldBack = latest();
const begin = lastShown(element("outcome"));
const number = new Intl.NumberFormat();
let shown = dataOf("binding");
let last = null;
let rate = 0;

function show(binding) {
  shown = binding;
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
  for (const button of buttons) button.disabled = button.dataset.refused !== undefined || !makesSense(button.dataset.action, binding);
}

function makesSense(action, binding) {
  const running = AT_WORK.includes(binding.State);
  return { stop: running, resume: !running, confirm: Boolean(binding.Progress.HeldBack), retry: Boolean(binding.Progress.Failed) }[action] ?? true;
}

function showRate(binding) {
  const now = Date.now() / 1000;
  if (last && now > last.time) {
    const fresh = Math.max(0, (binding.Done - last.done) / (now - last.time));
    rate = rate ? rate * 0.7 + fresh * 0.3 : fresh;
  }
  last = { time: now, done: binding.Done };
  tellRate();
}

function tellRate() {
  const left = (shown.Progress.Listed ?? 0) - shown.Done;
  element("rate").textContent = shown.Scanning && rate > SLOWEST ? fill(texts.rate, { rate: number.format(Math.round(rate * 10) / 10), left: duration(left / rate) }) : "";
}

/** Files a second of the last minute, for the time before this page has seen anything itself. */
function rateOf(points) {
  const newest = points.at(-1);
  const before = newest && points.find((each) => newest.time - each.time <= RATE_SECONDS);
  if (!before || newest.time === before.time) return 0;
  const settled = (point) => point.indexed + point.failed + point.excluded;
  return Math.max(0, (settled(newest) - settled(before)) / (newest.time - before.time));
}

async function act(action) {
  const tell = begin();
  tell(h("p", { class: "quiet" }, texts.working));
  try {
    const answer = await ask(`${page}/${action}`, {});
    if (answer.TaskId) await follow(answer.TaskId, action, tell);
    else tell(h("p", { class: "good" }, texts.done));
  } catch (error) {
    tell(problem(error.code, error.message));
  }
}

function follow(task, action, tell) {
  const type = { audit: "BindingAudit", repair: "BindingAudit", retry: "LedgerRetry" }[action] ?? "";
  return followTask(shown.ProjectName, task, type, 1000, (found) =>
    tell(h("p", {}, `${found.Status} `, h("progress", { max: 100, value: found.Progress ?? 0, "aria-label": texts.progress })), found.Result ? h("pre", { tabindex: 0 }, pretty(found.Result)) : "", found.Message ? h("p", {}, found.Message) : ""));
}

/** Shows what would go; then the dialog's button removes it. */
async function showHeldBack() {
  const sample = element("held-sample");
  const remove = element("held-remove");
  sample.replaceChildren(h("p", { class: "quiet" }, texts.working));
  held.returnValue = "";
  remove.disabled = true;
  held.showModal();
  try {
    const found = await askHeldBack(`${page}/held-back`);
    element("held-title").textContent = fill(texts.held_title, { count: number.format(found.count) });
    sample.replaceChildren(...heldBack(found, shown));
  } catch (error) {
    if (error.name === "AbortError") return;
    sample.replaceChildren(problem(error.code, error.message));
    if (error.code !== "NoPermission") return; // who may not see it may still remove it
  }
  remove.disabled = false;
}

function pretty(text) {
  try { return JSON.stringify(JSON.parse(text), null, 2); } catch { return text; }
}

for (const button of buttons) button.addEventListener("click", () => (button.dataset.action === "confirm" ? showHeldBack() : act(button.dataset.action)));
held.addEventListener("close", () => { if (held.returnValue === "remove") act("confirm"); });
const plot = new BooksPlot(element("plot"), texts);
show(shown);
watch(page + "/live", (binding) => { show(binding); plot.add(binding.Progress); }, element("connection"), texts);
plot.begin(await ask(page + "/history").catch(() => []));
rate ||= rateOf(plot.points);
tellRate();
