// An answer of JSON as a tree that folds and can be searched; long lists are shown by pages.

import { fill, h } from "./dom.js";

const PAGE = 200;
const LONG = 2000;

/** `texts`: {more, search, expand, fold}. */
export function jsonTree(value, texts) {
  const tree = h("div", { class: "json-tree" }, branch(value, "", 0, texts));
  const search = h("input", { type: "search", placeholder: texts.search_answer, "aria-label": texts.search_answer, oninput: () => mark(tree, search.value) });
  return h("div", { class: "json" }, h("div", { class: "json-tools" }, search), tree);
}

function branch(value, name, depth, texts) {
  const label = name === "" ? [] : [h("span", { class: "json-name" }, name), ": "];
  if (value === null || typeof value !== "object") return h("div", { class: "json-leaf" }, ...label, leaf(value));
  const entries = Object.entries(value);
  const [open, close] = Array.isArray(value) ? ["[", "]"] : ["{", "}"];
  if (!entries.length) return h("div", { class: "json-leaf" }, ...label, open + close);
  const inside = h("div", { class: "json-inside" });
  const fillIn = (from) => {
    for (const [key, held] of entries.slice(from, from + PAGE)) inside.append(branch(held, key, depth + 1, texts));
    if (entries.length > from + PAGE) {
      const more = h("button", { type: "button", class: "small", onclick: () => { more.remove(); fillIn(from + PAGE); } }, fill(texts.more, { count: entries.length - from - PAGE }));
      inside.append(more);
    }
  };
  const details = h("details", { open: depth < 3 || null }, h("summary", {}, ...label, open, h("span", { class: "json-count" }, ` ${entries.length} `), close), inside);
  if (depth < 3) fillIn(0);
  else details.addEventListener("toggle", () => fillIn(0), { once: true });
  return details;
}

function leaf(value) {
  const text = JSON.stringify(value);
  return h("span", { class: "json-" + (value === null ? "null" : typeof value), title: text.length > LONG ? `${text.length}` : null }, text.length > LONG ? text.slice(0, LONG) + "…" : text);
}

function mark(tree, wanted) {
  const text = wanted.toLowerCase();
  for (const found of tree.querySelectorAll(".found")) found.classList.remove("found");
  if (!text) return;
  let first = null;
  for (const element of tree.querySelectorAll(".json-leaf, .json-name")) {
    if (!element.textContent.toLowerCase().includes(text)) continue;
    element.classList.add("found");
    for (let above = element.closest("details"); above; above = above.parentElement.closest("details")) above.open = true;
    first ??= element;
  }
  first?.scrollIntoView({ block: "nearest" });
}
