// Keeps the bindings up to date, and shows what kinds of files each dataset has.

import { ask, dataOf, h } from "../dom.js";
import { watch } from "../live.js";

const rows = new Map([...document.querySelectorAll("#binding-rows tr")].map((row) => [row.dataset.page, row]));
const number = new Intl.NumberFormat();

if (rows.size) {
  watch("/console/live", (bindings) => {
    if (bindings.length !== rows.size || bindings.some((binding) => !rows.has(binding.Page))) location.reload();
    else for (const binding of bindings) update(rows.get(binding.Page), binding);
  }, document.getElementById("connection"), dataOf("texts"));
}

function update(row, binding) {
  const set = (name, text) => { const cell = row.querySelector(`[data-field="${name}"]`); if (cell.textContent !== text) cell.textContent = text; };
  set("State", binding.State);
  set("Phase", binding.Phase ?? "");
  row.querySelector('[data-field="State"]').className = "tag " + binding.Tone;
  const bar = row.querySelector('[data-field="Done"]');
  bar.hidden = !binding.Scanning;
  bar.max = Math.max(1, binding.Progress.Listed ?? 0);
  bar.value = binding.Done;
  set("Indexed", number.format((binding.Progress.Indexed ?? 0) + (binding.Progress.Unchanged ?? 0)));
  set("Failed", number.format(binding.Progress.Failed ?? 0));
}

async function showKinds(card) {
  try {
    const kinds = await ask(card.dataset.mediaTypes);
    const total = kinds.reduce((sum, kind) => sum + kind.count, 0);
    if (!total) return;
    const holder = card.querySelector(".kinds");
    holder.replaceChildren(...kinds.map((kind) => h("span", { class: "tag" }, `${kind.type} ${number.format(kind.count)}`)));
    holder.hidden = false;
  } catch { /* who may not query sees the counts alone */ }
}

const seen = new IntersectionObserver((entries) => {
  for (const entry of entries) if (entry.isIntersecting) { seen.unobserve(entry.target); showKinds(entry.target); }
});
for (const card of document.querySelectorAll("[data-media-types]")) seen.observe(card);
