// What a confirmation of removals would remove, so that nobody confirms blindly.

import { dataOf, fill, h } from "../dom.js";
import { bytes } from "./figures.js";

const texts = dataOf("texts");
const number = new Intl.NumberFormat();
const SHOWN = 24;

/** `found`: {count, folders, files}; `binding` as pages show it. */
export function heldBack(found, binding) {
  if (!found.files.length) return [h("p", { class: "hint" }, found.count ? texts.held_later : texts.held_none)];
  const path = `${encodeURIComponent(binding.ProjectName)}/${encodeURIComponent(binding.DatasetName)}`;
  const files = found.files.slice(0, SHOWN);
  return [
    h("p", {}, texts.held_lead),
    h("ul", { class: "folders" }, found.folders.map((folder) => h("li", {}, h("span", { class: "mono" }, folder.Prefix || "/"), " ", h("span", { class: "tag bad" }, number.format(folder.Count))))),
    h("ul", { class: "held", "data-testid": "held-files" }, files.map((file) => row(file, path))),
    found.count > files.length ? h("p", { class: "quiet" }, fill(texts.held_more, { shown: files.length, count: number.format(found.count) })) : "",
  ];
}

function row(file, path) {
  const known = file.Size !== null;
  if (!known) return h("li", {}, h("span", { class: "no-picture" }), h("span", { class: "mono" }, file.key));
  const address = new URLSearchParams({ uri: file.uri });
  const picture = new URLSearchParams({ uri: file.uri, v: file.ETag ?? "" });
  return h("li", {},
    h("img", { src: `/console/thumbnails/${path}?${picture}`, alt: "", loading: "lazy", width: 56, height: 56 }),
    h("span", {}, h("a", { href: `/console/files/${path}?${address}`, class: "mono" }, file.key), h("span", { class: "quiet" }, ` ${bytes(file.Size)}`)));
}
