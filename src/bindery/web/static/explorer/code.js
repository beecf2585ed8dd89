// The program that makes the call of the form, in the chosen language, as it is typed.

import { copy, dataOf, debounce, latest, tabs } from "../dom.js";
import { call } from "./explorer.js";

const LANGUAGE = "explorer-language";
const texts = dataOf("texts");
const element = (id) => document.getElementById(id);
let language = document.querySelector('#code-tabs [aria-selected="true"]').dataset.language;
const ask = latest();

const wanted = () => ({ language, ...call() });

async function write() {
  if (element("panel-code").hidden) return;
  try {
    const program = await ask("/explorer/code", wanted());
    element("code").textContent = program.text;
    element("code-install").textContent = program.install;
  } catch (error) {
    if (error.name !== "AbortError") element("code").textContent = error.message;
  }
}

const choose = tabs(element("code-tabs"), (button) => {
  language = button.dataset.language;
  element("code").hidden = false;
  try { localStorage.setItem(LANGUAGE, language); } catch { /* not kept */ }
  write();
});
document.addEventListener("call-changed", debounce(write, 80));
element("tab-code").addEventListener("click", () => setTimeout(write));
element("tab-code").addEventListener("focus", () => setTimeout(write));
element("project").addEventListener("submit", () => (element("wanted").value = JSON.stringify(wanted())));
element("code-copy").addEventListener("click", (event) => copy(element("code").textContent, event.target, texts.copied));
const kept = localStorage.getItem(LANGUAGE);
if (kept && element("code-" + kept)) choose("code-" + kept);
