// The page of a file: labels to change, tags to search, the entry as JSON.
import { ask, dataOf, debounce, h } from "../dom.js";

const texts = dataOf("texts");
const rows = document.getElementById("label-rows");

function addRow(name = "", value = "") {
  const row = h(
    "div",
    { class: "label-row" },
    h("input", { value: name, "aria-label": texts.label_name, placeholder: texts.label_name, "data-testid": "label-name" }),
    h("input", { value, "aria-label": texts.label_value, placeholder: texts.label_value, "data-testid": "label-value" }),
    h("button", { type: "button", "aria-label": texts.remove_label, title: texts.remove_label, onclick: () => row.remove() }, "×"),
  );
  rows.append(row);
  return row;
}

for (const [name, value] of Object.entries(dataOf("label-data"))) addRow(name, value);
document.getElementById("add-label").addEventListener("click", () => addRow().querySelector("input").focus());

const form = document.getElementById("labels");
form.addEventListener("submit", async (event) => {
  event.preventDefault();
  const saved = document.getElementById("saved");
  const pairs = [...rows.children].map((row) => [...row.querySelectorAll("input")].map((input) => input.value.trim()));
  saved.textContent = "";
  try {
    await ask(form.dataset.saving, { labels: Object.fromEntries(pairs.filter(([name]) => name)) });
    saved.className = "good";
    saved.textContent = texts.saved;
  } catch (error) {
    saved.className = "bad";
    saved.textContent = error.message;
  }
});

const filter = document.getElementById("tag-filter");
filter?.addEventListener(
  "input",
  debounce(() => {
    const wanted = filter.value.toLowerCase();
    for (const row of document.getElementById("tags").children) row.hidden = !row.textContent.toLowerCase().includes(wanted);
  }, 60),
);

document.getElementById("file-json").textContent = JSON.stringify(dataOf("file"), null, 2);
