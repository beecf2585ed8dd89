// The page of a file: title and labels to change, tags to search, and what is fetched once the page is there.
import { ask, copy, dataOf, debounce, h, latest, whenOpen } from "../dom.js";
import { alike, history, neighbours } from "./around.js";
import { locate } from "./locator.js";
import { turnPages } from "./pages.js";

const texts = dataOf("texts");
const data = dataOf("data");
const by = (id) => document.getElementById(id);
const rows = by("label-rows");

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

function labelsOfForm() {
  const labels = new Map();
  for (const row of rows.children) {
    const [name, value] = [...row.querySelectorAll("input")].map((input) => input.value.trim());
    if (!name) continue;
    if (labels.has(name)) throw new Error(texts.label_twice.replace("{name}", name));
    labels.set(name, value);
  }
  return Object.fromEntries(labels);
}

function tellSaved(text, good) {
  by("saved").className = good ? "good" : "bad";
  by("saved").textContent = text;
}

async function save(event) {
  event.preventDefault();
  tellSaved("", true);
  try {
    const changed = { labels: labelsOfForm() };
    if (by("title").value !== data.title) changed.title = by("title").value;
    await ask(data.saving, changed);
    data.title = by("title").value;
    tellSaved(texts.saved, true);
  } catch (error) {
    tellSaved(error.message, false);
  }
}

by("title").value = data.title;
for (const [name, value] of Object.entries(data.labels)) addRow(name, value);
by("add-label").addEventListener("click", () => addRow().querySelector("input").focus());
by("labels").addEventListener("submit", save);

const filter = by("tag-filter");
filter?.addEventListener(
  "input",
  debounce(() => {
    const wanted = filter.value.toLowerCase();
    for (const group of by("tags").children) {
      const rows = [...group.querySelectorAll("dl > div")];
      for (const row of rows) row.hidden = !row.textContent.toLowerCase().includes(wanted);
      group.hidden = rows.every((row) => row.hidden);
    }
  }, 60),
);

const askProgram = latest();

async function writeProgram() {
  try {
    const program = await askProgram("/explorer/code", { language: by("code-language").value, ...data.call });
    by("code").textContent = program.text;
  } catch (error) {
    if (error.name !== "AbortError") by("code").textContent = error.message;
  }
}

const LANGUAGE = "explorer-language";
const kept = localStorage.getItem(LANGUAGE);
if ([...by("code-language").options].some((option) => option.value === kept)) by("code-language").value = kept;
whenOpen(by("program"), writeProgram);
by("code-language").addEventListener("change", writeProgram);
by("code-copy").addEventListener("click", (event) => copy(by("code").textContent, event.currentTarget, texts.copied));

/** Say so when nothing plays, and when only the sound does: browsers are silent about a codec that they lack. */
function watchPlayer(player) {
  if (!player) return;
  const look = () => {
    if (player.localName === "video" && player.readyState > 0 && !player.videoWidth) by("not-seen").hidden = false;
  };
  player.addEventListener("error", () => (by("not-played").hidden = false));
  player.addEventListener("loadedmetadata", look);
  look();
}

async function showWords() {
  const { words } = await ask(data.words);
  by("words").textContent = words;
  by("words").hidden = !words;
}

watchPlayer(by("player"));
if (by("words")) showWords().catch(() => {});
by("file-json").textContent = JSON.stringify(dataOf("file"), null, 2);
whenOpen(by("history"), () => history(data, texts));
turnPages(texts);
locate();
neighbours(data);
alike(data);
