// The query bar: an input that offers how it may go on (a combobox by the ARIA guide), and shows mistakes where they are.
import { ask, debounce, fill, h } from "../dom.js";

const MOST = 12;

export class QueryBar {
  /** `base`: where questions go; `submit(text)`; `read(reading)` is told what the bar holds each time it can be read. */
  constructor({ base, texts, submit, read }) {
    Object.assign(this, { base, texts, submit, read });
    const by = (id) => document.getElementById(id);
    Object.assign(this, { input: by("query"), list: by("options"), mirror: by("mirror"), told: by("typing") });
    this.options = [];
    this.active = -1;
    this.asked = 0;
    this.declined = 0; // the question whose offers are not wanted any more
    this.range = { start: 0, end: 0 };
    this.offered = ""; // the text that the list and the range are of
    const later = debounce((mine) => mine === this.asked && this.ask(true), 70);
    this.input.addEventListener("input", () => {
      this.mark(null);
      this.leave();
      later(++this.asked); // answers for what stood here before are too late
    });
    this.input.addEventListener("keydown", (event) => this.key(event));
    this.input.addEventListener("click", () => this.list.hidden && !this.input.value && this.ask(true));
    this.input.addEventListener("blur", () => this.close());
    this.input.addEventListener("scroll", () => (this.mirror.scrollLeft = this.input.scrollLeft));
    this.list.addEventListener("mousedown", (event) => event.preventDefault()); // the input keeps the focus
    this.input.form.addEventListener("submit", (event) => {
      event.preventDefault();
      this.close();
      this.submit(this.input.value);
    });
    by("clear").addEventListener("click", () => {
      this.input.value = "";
      this.mark(null);
      this.input.focus();
      this.submit("");
    });
  }

  /** Shows a text that did not come from the keys. */
  show(text) {
    this.asked++;
    this.input.value = text;
    this.mark(null);
    this.close();
  }

  async ask(open) {
    const mine = ++this.asked;
    const text = this.input.value;
    const values = new URLSearchParams({ q: text, at: this.input.selectionStart });
    let reading;
    try {
      reading = await ask(`${this.base}reading?${values}`);
    } catch {
      return; // what is typed can be sent all the same
    }
    if (mine !== this.asked) return;
    this.mark(reading.problem);
    if (!reading.problem) this.read(reading);
    if (open && document.activeElement === this.input) await this.offer(reading.completion, mine);
  }

  async offer(completion, mine) {
    this.range = completion;
    this.offered = this.input.value;
    this.open(completion.options.map((each) => ({ ...each, told: this.texts[each.hint] ?? "" })));
    const wanted = () => mine === this.asked && mine !== this.declined && document.activeElement === this.input;
    if (completion.tags_with) {
      const tags = await this.tagsWith(completion.tags_with).catch(() => []);
      if (wanted()) this.open([...this.options, ...tags].slice(0, MOST));
    }
    if (!completion.values_of) return;
    const values = await this.valuesOf(completion.values_of, completion.typed).catch(() => []);
    if (wanted()) this.open([...values, ...this.options].slice(0, MOST));
  }

  /** Names of raw tags that files have. */
  async tagsWith(typed) {
    const { options } = await ask(`${this.base}tag-names?${new URLSearchParams({ typed })}`);
    return options.map((each) => ({ ...each, told: this.texts[each.hint] ?? "" }));
  }

  /** Known values that begin as typed, then those that hold it. */
  async valuesOf(field, typed) {
    const find = (begin) => ask(`${this.base}values?${new URLSearchParams({ field, begin })}`);
    const known = await find("");
    const wanted = typed.toLowerCase();
    const begins = (each) => each.label.toLowerCase().startsWith(wanted);
    const found = known.values.filter((each) => each.label.toLowerCase().includes(wanted)).sort((a, b) => begins(b) - begins(a));
    const further = typed && !known.all && found.length < MOST ? (await find(typed)).values : [];
    const seen = new Set(found.map((each) => each.text));
    return [...found, ...further.filter((each) => !seen.has(each.text))].slice(0, MOST).map((each) => ({ ...each, told: each.count.toLocaleString() }));
  }

  open(options) {
    const chosen = this.options[this.active]?.text;
    this.options = options;
    this.active = -1;
    this.list.replaceChildren(
      ...options.map((option, at) =>
        h(
          "li",
          { role: "option", id: `option-${at}`, "aria-selected": "false", onclick: () => this.accept(at) },
          h("bdi", {}, (option.label || option.text).slice(0, 120)),
          h("span", {}, option.told),
        ),
      ),
    );
    this.list.hidden = !options.length;
    this.input.setAttribute("aria-expanded", String(options.length > 0));
    this.input.removeAttribute("aria-activedescendant");
    const still = options.findIndex((option) => option.text === chosen);
    if (still >= 0) this.move(still);
  }

  /** Closes the list, whatever else would come into it. */
  decline() {
    this.declined = this.asked;
    this.close();
  }

  close() {
    if (!this.list.hidden) this.open([]);
  }

  /** No option is the current one any more. */
  leave() {
    this.list.children[this.active]?.setAttribute("aria-selected", "false");
    this.input.removeAttribute("aria-activedescendant");
    this.active = -1;
  }

  move(to) {
    const items = [...this.list.children];
    items[this.active]?.setAttribute("aria-selected", "false");
    this.active = (to + items.length) % items.length;
    const item = items[this.active];
    item.setAttribute("aria-selected", "true");
    item.scrollIntoView({ block: "nearest" });
    this.input.setAttribute("aria-activedescendant", item.id);
  }

  accept(at) {
    const text = this.input.value;
    if (text !== this.offered) return this.ask(true);
    const put = this.options[at].text;
    const rest = text.slice(this.range.end);
    this.input.value = text.slice(0, this.range.start) + put + (put.endsWith(" ") ? rest.trimStart() : rest);
    const place = this.range.start + put.length;
    this.input.setSelectionRange(place, place);
    this.input.focus();
    this.close();
    this.ask(true);
  }

  key(event) {
    const shown = !this.list.hidden;
    const open = shown && this.input.value === this.offered;
    if (event.isComposing || event.metaKey || event.altKey) return;
    const down = event.key === "ArrowDown";
    if (down || event.key === "ArrowUp") {
      if (open) this.move(down ? this.active + 1 : this.active < 0 ? -1 : this.active - 1);
      else this.ask(true);
    } else if (event.ctrlKey && event.key === " ") this.ask(true);
    else if ((event.key === "Enter" || event.key === "Tab") && open && this.active >= 0) this.accept(this.active);
    else if (event.key === "Escape") {
      this.decline();
      if (!shown) return;
    } else return;
    event.preventDefault();
  }

  /** Underlines what is wrong, and tells it; what only wants to go on is told quietly. */
  mark(problem) {
    const wrong = problem && !problem.unfinished && !/^\s*$/.test(this.input.value);
    const start = wrong && problem.column ? problem.column - 1 : 0;
    const end = wrong && problem.column ? start + Math.max(1, problem.length) : 0;
    const text = this.input.value;
    this.mirror.replaceChildren(text.slice(0, start), h("span", { class: "wrong" }, text.slice(start, end)), text.slice(end));
    this.mirror.scrollLeft = this.input.scrollLeft;
    this.input.setAttribute("aria-invalid", String(Boolean(wrong)));
    this.told.className = wrong ? "typing wrong" : "typing";
    this.told.textContent = !problem ? "" : wrong ? problem.message : fill(this.texts.goes_on, { problem: problem.message });
    this.told.hidden = !problem;
  }
}
