// Facets: how many of the files that match have which value; a click narrows, another one takes it back.
import { h } from "../dom.js";

const SHOWN = 8;

export class Facets {
  /** `toggle(parts, on)` narrows by conditions, or takes them back. */
  constructor({ texts, toggle }) {
    Object.assign(this, { texts, toggle });
    this.frame = document.getElementById("facets");
    this.opened = new Set();
    const fold = document.getElementById("facets-fold");
    const wide = matchMedia("(min-width: 801px)");
    const unfold = () => (fold.open = wide.matches);
    wide.addEventListener("change", unfold);
    unfold();
  }

  show(facets, held) {
    const focused = document.activeElement?.dataset?.testid;
    this.frame.replaceChildren(...facets.filter((facet) => facet.groups.length).map((facet) => this.section(facet, held)));
    if (focused) this.frame.querySelector(`[data-testid="${CSS.escape(focused)}"]`)?.focus({ preventScroll: true });
  }

  section({ field, title, groups }, held) {
    const items = groups.map((group) => this.item(field, group, held));
    const list = h("ul", {}, items);
    const all = this.opened.has(field) || groups.length <= SHOWN + 1;
    items.slice(SHOWN).forEach((item) => (item.hidden = !all));
    const more = all
      ? null
      : h("button", { type: "button", class: "more", onclick: () => {
          this.opened.add(field);
          items.forEach((item) => (item.hidden = false));
          more.remove();
          items[SHOWN].firstChild.focus();
        } }, this.texts.more.replace("{count}", groups.length - SHOWN));
    return h("section", {}, h("h2", {}, title ?? this.texts[`facet_${field.replaceAll(".", "_")}`] ?? field), list, more);
  }

  item(field, { label, count, parts }, held) {
    const on = parts.every((part) => held.has(part));
    const shown = this.texts[`value_${field}_${label}`] ?? label;
    return h(
      "li",
      {},
      h(
        "button",
        { type: "button", "aria-pressed": String(on), title: shown, "data-testid": `facet-${field}-${label}`, onclick: () => this.toggle(parts, on) },
        h("bdi", {}, shown.slice(0, 80)),
        h("span", { class: "quiet" }, count.toLocaleString()),
      ),
    );
  }
}
