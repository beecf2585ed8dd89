// What a new binding would find, before there is one.

import { ask, dataOf, fill, h, lastShown, offering, problem } from "../dom.js";
import { bytes, duration } from "./figures.js";
import { followTask } from "./task.js";

const texts = dataOf("texts");
const form = document.getElementById("new-binding");
const begin = lastShown(document.getElementById("outcome"));
const button = document.getElementById("estimate");
const number = new Intl.NumberFormat();

button.addEventListener("click", async () => {
  if (!form.reportValidity()) return;
  const show = begin();
  show(h("p", { class: "quiet" }, texts.working));
  try {
    const project = form.elements.project.value;
    const begun = await ask("/console/bindings/estimate", new URLSearchParams(new FormData(form)));
    const made = begun.made ? h("p", { class: "hint" }, fill(texts.estimate_made, { project })) : "";
    await followTask(project, begun.task, "BindingEstimate", 500, (task) => show(made, ...estimated(task)));
  } catch (error) {
    show(problem(error.code, error.message));
  }
});
// An estimate of another scope than the one that is typed would be worse than none.
form.addEventListener("input", () => begin()());

/** The sums of a task, which are there while it counts. */
function estimated(task) {
  const running = task.Status === "Running";
  if (task.Status === "Failed") return [problem(task.Code, task.Message)];
  const found = task.Result ? JSON.parse(task.Result) : null;
  const state = running ? h("p", {}, h("progress", { "aria-label": texts.progress }), ` ${texts.estimate_counting}`) : h("p", { class: "good", "data-testid": "estimated" }, texts.estimate_done);
  if (!found) return [state];
  const facts = [
    ["estimate_objects", number.format(found.Objects)],
    ["estimate_bytes", bytes(found.Bytes)],
    ["estimate_excluded", number.format(found.Excluded)],
    ["estimate_to_read", bytes(found.BytesToRead)],
    found.Requests ? ["estimate_requests", number.format(found.Requests)] : null,
    ["estimate_seconds", duration(found.Seconds)],
  ].filter(Boolean);
  const kinds = Object.entries(found.MediaTypes).sort((one, other) => other[1].Objects - one[1].Objects);
  return [
    state,
    h("dl", { class: "books", "data-testid": "estimate-books" }, facts.map(([name, value]) => h("div", {}, h("dt", {}, texts[name]), h("dd", {}, value)))),
    h("p", { class: "row" }, kinds.map(([kind, each]) => h("span", { class: "tag" }, `${kind} ${number.format(each.Objects)} · ${bytes(each.Bytes)}`))),
  ];
}

for (const [field, kind] of [["project", "projects"], ["dataset", "datasets"]]) {
  const offer = offering(document.getElementById(`known-${kind}`));
  form.elements[field].addEventListener("focus", () => offer(kind, new URLSearchParams({ project: form.elements.project.value })));
}
