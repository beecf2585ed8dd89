// What a document would change if it counted, before it is saved.

import { ask, dataOf, fill, h, lastShown, problem } from "../dom.js";

const texts = dataOf("texts");

for (const trial of document.querySelectorAll(".trial")) {
  const begin = lastShown(trial.querySelector(".outcome"));
  const show = async (work) => {
    const tell = begin();
    tell(h("p", { class: "quiet" }, texts.checking));
    try {
      tell(...(await work(draftOf(trial))));
    } catch (error) {
      tell(problem(error.code, error.message));
    }
  };
  trial.querySelector('[data-do="decide"]').addEventListener("click", () => show(decide));
  trial.querySelector('[data-do="compare"]').addEventListener("click", () => show(compare));
  // Enter in one of its fields would save the document that is only being tried.
  for (const field of trial.querySelectorAll("input")) field.addEventListener("keydown", (event) => {
    if (event.key !== "Enter") return;
    event.preventDefault();
    show(decide);
  });
}

function draftOf(trial) {
  const draft = { document: document.getElementById(trial.dataset.document).value, policy: trial.dataset.policy };
  for (const field of trial.querySelectorAll("[data-trial]")) draft[field.dataset.trial] = field.value.trim();
  return draft;
}

async function decide(draft) {
  if (!draft.principal || !draft.action || !draft.resource) throw new Error(texts.all_three);
  const found = await ask("/console/access/drafts/decide", draft);
  return [
    h("dl", { class: "pairs" }, ...verdict(texts.now, found.AllowedBefore, found.SummaryBefore), ...verdict(texts.then, found.Allowed, found.Summary)),
    found.Allowed === found.AllowedBefore ? h("p", { class: "quiet" }, texts.same_decision) : null,
  ].filter(Boolean);
}

function verdict(when, allowed, summary) {
  return [h("dt", {}, when), h("dd", {}, h("span", { class: "tag " + (allowed ? "good" : "bad") }, allowed ? texts.allowed : texts.denied), ` ${summary}`)];
}

async function compare(draft) {
  if (!draft.principal) throw new Error(texts.who_first);
  const found = await ask("/console/access/drafts/compare", draft);
  const groups = ["gained", "lost", "changed"].filter((name) => found[name].length);
  if (!groups.length) return [h("p", { class: "quiet" }, fill(texts.no_change, draft))];
  return groups.map((name) => h("section", {}, h("h3", {}, `${texts[name]} `, h("span", { class: "tag" }, found[name].length)), h("ul", { class: "names" }, found[name].map((action) => h("li", { class: "mono" }, action)))));
}
