// What a new binding would find, before there is one.

import { ask, dataOf, h } from "../dom.js";

const texts = dataOf("texts");
const form = document.getElementById("new-binding");
const outcome = document.getElementById("outcome");
const pause = (milliseconds) => new Promise((resolve) => setTimeout(resolve, milliseconds));

document.getElementById("estimate").addEventListener("click", async () => {
  if (!form.reportValidity()) return;
  outcome.replaceChildren(h("p", { class: "quiet" }, texts.working));
  try {
    const answer = await fetch("/console/bindings/estimate", { method: "POST", headers: { accept: "application/json" }, body: new URLSearchParams(new FormData(form)) });
    const begun = await answer.json();
    if (!answer.ok) throw new Error(`${begun.Code} ${begun.Message}`);
    const project = encodeURIComponent(form.elements.project.value);
    for (;;) {
      const found = await ask(`/console/tasks/${project}/${begun.TaskId}?type=BindingEstimate`);
      if (found.Status !== "Running") {
        outcome.replaceChildren(h("pre", {}, found.Result ? JSON.stringify(JSON.parse(found.Result), null, 2) : `${found.Status} ${found.Message ?? ""}`));
        return;
      }
      await pause(500);
    }
  } catch (error) {
    outcome.replaceChildren(h("p", { class: "problem", role: "alert" }, error.message));
  }
});
