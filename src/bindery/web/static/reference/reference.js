// The list of pages narrows as somebody types; programs stand in tabs. Without this script all is there to read.

import { copy, debounce, tabs } from "../dom.js";

const search = document.getElementById("reference-search");
const families = [...document.querySelectorAll(".contents .family")].map((element) => ({
  element,
  open: element.open,
  items: [...element.querySelectorAll("li")].map((item) => ({ item, words: item.dataset.words.toLowerCase(), deep: "deep" in item.dataset })),
}));

function narrow() {
  const words = search.value.toLowerCase().split(/\s+/).filter(Boolean);
  let found = 0;
  for (const { element, open, items } of families) {
    let shown = 0;
    for (const { item, words: held, deep } of items) {
      item.hidden = words.length ? !words.every((word) => held.includes(word)) : deep;
      if (!item.hidden) shown += 1;
    }
    element.hidden = shown === 0;
    element.open = words.length ? shown > 0 : open;
    found += shown;
  }
  document.getElementById("reference-nothing").hidden = found > 0;
}

search.addEventListener("input", debounce(narrow, 60));
search.addEventListener("keydown", (event) => {
  if (event.key !== "Enter") return;
  narrow();
  document.querySelector(".contents .family:not([hidden]) li:not([hidden]) a")?.click();
});

const programs = document.getElementById("code-tabs");
if (programs) {
  programs.hidden = false;
  programs.parentElement.classList.add("tabbed");
  tabs(programs);
  for (const panel of [...document.querySelectorAll(".program")].slice(1)) panel.hidden = true;
  for (const button of document.querySelectorAll(".program .copy")) {
    button.hidden = !navigator.clipboard;
    button.addEventListener("click", () => copy(button.closest(".program").querySelector("pre").textContent, button, button.dataset.done));
  }
}

// A link to a struct that is folded opens it.
function unfold() {
  const target = location.hash && document.getElementById(decodeURIComponent(location.hash.slice(1)));
  if (target && target.tagName === "DETAILS") target.open = true;
}
addEventListener("hashchange", unfold);
unfold();
