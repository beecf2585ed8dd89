// What is searched for: the query bar, its JSON, chips, facets. The gallery shows what is found.
import { ask, debounce, h, released } from "../dom.js";
import { Facets } from "./facets.js";
import { QueryBar } from "./query_bar.js";
import { Saved } from "./saved.js";
import { Timeline } from "./timeline.js";

const by = (id) => document.getElementById(id);

export class Search {
  /** `base`: the address of the dataset's page; `run()` asks for the files of `q`; `sort()` is their order. */
  constructor({ base, texts, run, sort }) {
    Object.assign(this, { base, texts, run, sort });
    this.bar = new QueryBar({ base, texts, submit: (text) => this.take(text), read: (reading) => this.showJson(reading) });
    this.facets = new Facets({ texts, toggle: (parts, on) => this.toggle(parts, on) });
    this.timeline = new Timeline({ texts, narrow: (parts, field) => this.narrow(parts, field), undated: (field) => this.narrow([`not exists(${field})`], field) });
    this.q = by("query").value.trim();
    this.parts = []; // {text, field}: what must all hold
    this.asked = 0;
    addEventListener("popstate", () => this.take(new URLSearchParams(location.search).get("q") ?? "", { kept: true }));
    by("in-names").addEventListener("click", () => this.take(inNames(this.words)));
    this.startJson();
    this.saved = new Saved({ base, texts, current: () => this.q, open: (expression) => this.take(expression) });
    by("show-map").addEventListener("click", () => this.toggleMap());
  }

  /** Searches for `text`. Until its first page has come its `parts` are what is known of it. */
  take(text, { kept = false, parts = null } = {}) {
    const q = text.trim();
    const changed = q !== this.q;
    this.q = q;
    this.parts = parts ?? (q ? [{ text: / or /i.test(q) ? `(${q})` : q, field: "" }] : []);
    if (parts) this.showChips(parts);
    this.bar.show(text);
    if (changed && !kept) history.pushState(null, "", this.q ? `?${new URLSearchParams({ q: this.q })}` : location.pathname);
    this.run();
  }

  /** Narrows by conditions, in place of those on `field`. */
  narrow(conditions, field = "") {
    const kept = this.parts.filter((part) => !field || part.field !== field);
    const held = kept.map((part) => part.text);
    this.takeParts([...kept, ...conditions.filter((text) => !held.includes(text)).map((text) => ({ text, field }))]);
  }

  toggle(conditions, on) {
    if (!on) return this.narrow(conditions);
    this.takeParts(this.parts.filter((part) => !conditions.includes(part.text)));
  }

  takeParts(parts) {
    this.take(parts.map((part) => part.text).join(" and "), { parts });
  }

  showChips(parts) {
    const texts = parts.map((part) => part.text);
    if (JSON.stringify(texts) === this.chipped) return; // a button that is pressed stays the same
    this.chipped = JSON.stringify(texts);
    const focused = by("chips").contains(document.activeElement);
    by("chips").replaceChildren(...parts.map((part) => h("li", {}, this.chip(part))));
    if (focused) (by("chips").querySelector("button") ?? by("query")).focus();
  }

  /** The first page has come. */
  found({ query, words, parts }) {
    this.parts = parts;
    this.words = words;
    this.showJson({ query, words });
    by("plain").hidden = !words;
    this.showChips(parts);
    const mine = ++this.asked;
    by("facets").closest("aside").setAttribute("aria-busy", "true");
    // Counting waits until the first pictures are asked for.
    setTimeout(() => {
      if (mine !== this.asked) return;
      this.count(mine);
      this.showMap();
    }, 60);
  }

  chip({ text }) {
    const attributes = { type: "button", "data-testid": "chip", title: text, "aria-label": this.texts.take_away.replace("{condition}", () => text), onclick: () => this.toggle([text], true) };
    return h("button", attributes, h("bdi", {}, text.slice(0, 200)), h("span", { class: "cross", "aria-hidden": "true" }, "×"));
  }

  async count(mine) {
    const panel = by("facets").closest("aside");
    try {
      const values = new URLSearchParams({ q: this.q, sort: this.sort(), bars: this.timeline.room });
      const counted = this.words ? { facets: [] } : await ask(`${this.base}counts?${values}`);
      await Promise.all([released(by("facets")), released(by("bars"))]);
      if (mine !== this.asked || !counted.facets) return;
      this.facets.show(counted.facets, new Set(this.parts.map((part) => part.text)));
      this.timeline.show(counted.timeline, { narrowed: this.parts.some((part) => part.field === counted.timeline?.field) });
    } catch {
      // the files are there without their counts
    } finally {
      if (mine === this.asked) panel.removeAttribute("aria-busy");
    }
  }

  async toggleMap() {
    const panel = by("map-panel");
    panel.hidden = !panel.hidden;
    by("show-map").setAttribute("aria-expanded", String(!panel.hidden));
    if (panel.hidden) return;
    this.map ??= import("./place_map.js").then(({ PlaceMap }) =>
      PlaceMap.open({ base: this.base, texts: this.texts, narrow: (parts, field) => this.narrow(parts, field) }),
    );
    await this.showMap();
  }

  async showMap() {
    if (by("map-panel").hidden) return;
    (await this.map).search({ q: this.q, words: this.words, narrowed: this.parts.some((part) => part.field === "LatLong") });
  }

  startJson() {
    const box = by("json");
    by("show-json").addEventListener("click", (event) => {
      by("json-panel").hidden = !by("json-panel").hidden;
      event.currentTarget.setAttribute("aria-expanded", String(!by("json-panel").hidden));
      if (!by("json-panel").hidden) box.focus();
    });
    const read = debounce(() => this.readJson(box.value), 200);
    box.addEventListener("input", read);
    box.addEventListener("change", async () => {
      if (await this.readJson(box.value)) this.take(by("query").value);
    });
    box.addEventListener("keydown", async (event) => {
      if (event.key !== "Enter" || !(event.ctrlKey || event.metaKey)) return;
      event.preventDefault();
      if (await this.readJson(box.value)) this.take(by("query").value);
    });
  }

  /** Puts the expression of a JSON text into the bar; whether there is one. */
  async readJson(query) {
    const answer = await ask(`${this.base}expression`, { query }).catch((error) => ({ problem: error }));
    if (query !== by("json").value) return false;
    by("json-problem").textContent = answer.problem?.message ?? "";
    by("json-problem").hidden = !answer.problem;
    by("json").setAttribute("aria-invalid", String(Boolean(answer.problem)));
    if (answer.problem) return false;
    this.bar.show(answer.text);
    return true;
  }

  showJson({ query, words }) {
    if (document.activeElement === by("json")) return;
    by("json").value = query ? JSON.stringify(query, null, 2) : "";
    by("json").placeholder = words ? `FuzzyQuery: ${words}` : "{}";
    by("json-problem").hidden = true;
  }
}

/** Words as an expression, which can be counted and narrowed. */
function inNames(words) {
  const text = `"${words.replace(/["\\]/g, "\\$&")}"`;
  return ["Filename", "Title", "Labels.LabelName", "Addresses.AddressLine"].map((field) => `${field} ~ ${text}`).join(" or ");
}
