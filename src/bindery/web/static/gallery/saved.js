// Searches that the reader has given a name: open, rename, delete, or save the one that is shown.
import { ask, fill, h } from "../dom.js";

const by = (id) => document.getElementById(id);

export class Saved {
  /** `current()` is what is searched for now; `open(expression)` searches for another one. */
  constructor({ base, texts, current, open }) {
    Object.assign(this, { base, texts, current, open, previous: null, asked: 0 });
    by("show-saved").addEventListener("click", () => this.toggle());
    by("save-search").addEventListener("submit", (event) => {
      event.preventDefault();
      this.save();
    });
    by("save-search").addEventListener("keydown", (event) => event.key === "Escape" && this.rename(null));
  }

  async toggle() {
    const panel = by("saved-panel");
    panel.hidden = !panel.hidden;
    by("show-saved").setAttribute("aria-expanded", String(!panel.hidden));
    if (panel.hidden) return;
    this.rename(null);
    by("search-name").focus();
    await this.change(`${this.base}saved`);
  }

  async save() {
    const name = by("search-name").value.trim();
    const expression = this.previous?.expression ?? this.current();
    if (!name || !expression) return this.tell(this.texts.nothing_to_save);
    await this.change(`${this.base}saved`, { name, expression, previous: this.previous?.name ?? "" });
  }

  /** Asks, and shows what there is then; an answer that a later question has overtaken is older than what is shown. */
  async change(path, body) {
    const asked = ++this.asked;
    try {
      const searches = await ask(path, body);
      if (asked !== this.asked) return;
      this.show(searches);
      this.tell("");
      if (body) this.rename(null);
    } catch (error) {
      if (asked === this.asked) this.tell(error.message);
    }
  }

  tell(message) {
    by("saved-problem").textContent = message;
    by("saved-problem").hidden = !message;
  }

  /** The next save gives `search` another name; null: it saves what is searched for. */
  rename(search) {
    this.previous = search;
    by("search-name").value = search?.name ?? "";
    by("save-button").textContent = search ? this.texts.rename : this.texts.save;
    if (search) by("search-name").select();
  }

  show(searches) {
    by("saved-list").replaceChildren(...searches.map((search) => this.item(search)));
    by("no-saved").hidden = searches.length > 0;
  }

  item(search) {
    const { name, expression } = search;
    const open = (event) => {
      if (event.ctrlKey || event.metaKey || event.shiftKey) return;
      event.preventDefault();
      this.open(expression);
    };
    const labelled = (text) => fill(text, { name });
    return h(
      "li",
      { "data-testid": "saved-search" },
      h("a", { href: `?${new URLSearchParams({ q: expression })}`, onclick: open }, h("bdi", {}, name)),
      h("code", { title: expression }, h("bdi", {}, expression.slice(0, 300))),
      h("button", { type: "button", class: "small", "aria-label": labelled(this.texts.rename_of), onclick: () => this.rename(search) }, this.texts.rename),
      h("button", { type: "button", class: "small", "aria-label": labelled(this.texts.delete_of), onclick: () => this.change(`${this.base}saved/delete`, { name }) }, this.texts.delete),
    );
  }
}
