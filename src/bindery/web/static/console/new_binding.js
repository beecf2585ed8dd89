// What a new binding would find, before there is one.

import { dataOf, h } from "../dom.js";
import { followTask } from "./task.js";

const texts = dataOf("texts");
const form = document.getElementById("new-binding");
const outcome = document.getElementById("outcome");

document.getElementById("estimate").addEventListener("click", async () => {
  if (!form.reportValidity()) return;
  outcome.replaceChildren(h("p", { class: "quiet" }, texts.working));
  try {
    const answer = await fetch("/console/bindings/estimate", { method: "POST", headers: { accept: "application/json" }, body: new URLSearchParams(new FormData(form)) });
    const begun = await answer.json();
    if (!answer.ok) throw new Error(`${begun.Code} ${begun.Message}`);
    await followTask(form.elements.project.value, begun.TaskId, "BindingEstimate", 500, (found) => {
      if (found.Status === "Running") return;
      outcome.replaceChildren(h("pre", {}, found.Result ? JSON.stringify(JSON.parse(found.Result), null, 2) : `${found.Status} ${found.Message ?? ""}`));
    });
  } catch (error) {
    outcome.replaceChildren(h("p", { class: "problem", role: "alert" }, error.message));
  }
});
