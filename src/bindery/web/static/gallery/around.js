// The files around a file: before and after it in the gallery, of the same hour and place; and what the ledger says.
import { ask, h } from "../dom.js";

const by = (id) => document.getElementById(id);
const KEYS = { ArrowLeft: "before", ArrowRight: "after" };
const OWN_KEYS = "input, select, textarea, video, audio, [role=tab], [contenteditable]";

/** Links to the neighbours, and the arrow keys that follow them. */
export async function neighbours(data) {
  addEventListener("keydown", (event) => {
    const link = KEYS[event.key] && by(KEYS[event.key]);
    const elsewhere = event.altKey || event.ctrlKey || event.metaKey || event.shiftKey || event.target.closest?.(OWN_KEYS);
    if (link?.href && !elsewhere) link.click();
  });
  const found = await ask(`${data.around}/neighbours?${data.own}&${data.search}`).catch(() => ({}));
  for (const side of ["before", "after"]) {
    if (!found[side]) continue;
    by(side).href = found[side];
    by(side).removeAttribute("aria-disabled");
  }
}

/** Small pictures of files of the same hour and the same kilometre. */
export async function alike(data) {
  const found = await ask(`${data.around}/alike?${data.own}`).catch(() => ({}));
  for (const [id, files] of [["same-hour", found.time], ["same-place", found.place]]) {
    if (!files?.length) continue;
    by(id).replaceChildren(...files.map(tile));
    by(id).parentElement.hidden = by("alike").hidden = false;
  }
}

function tile(file) {
  const picture = h("img", { src: file.thumbnail, alt: "", loading: "lazy", width: 120, height: 90 });
  return h("li", {}, h("a", { href: file.page, title: file.time ? `${file.name}\n${file.time}` : file.name }, picture, h("bdi", {}, file.name)));
}

/** The row of the ledger, or why there is none to see. */
export async function history(data, texts) {
  let found;
  try {
    found = await ask(`${data.around}/history?${data.own}`);
  } catch (error) {
    found = { refused: error.message };
  }
  const rows = Object.entries(found.row ?? {}).filter(([name]) => name !== "Key");
  by("history-rows").replaceChildren(
    rows.length
      ? h("dl", { class: "pairs" }, rows.flatMap(([name, value]) => [h("dt", {}, name), h("dd", {}, h("bdi", { class: "value", tabindex: String(value).length > 100 ? 0 : null }, String(value)))]))
      : h("p", { class: "hint" }, found.refused || texts.no_history),
  );
}
