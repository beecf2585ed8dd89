// When the files that match were made: bars that narrow the time by a click, by dragging, or by keys.
import { fill, h } from "../dom.js";

const FORMATS = {
  year: { year: "numeric" },
  month: { year: "numeric", month: "short" },
  day: { year: "numeric", month: "short", day: "numeric" },
};

export class Timeline {
  /** `narrow(parts, field)` searches within a time; `undated(field)` for files without one. */
  constructor({ texts, narrow, undated }) {
    Object.assign(this, { texts, narrow });
    const by = (id) => document.getElementById(id);
    Object.assign(this, { frame: by("timeline"), bars: by("bars"), ticks: by("ticks"), told: by("timeline-told"), none: by("undated"), all: by("whole-time") });
    this.none.addEventListener("click", () => undated(this.shown.field));
    this.all.addEventListener("click", () => this.narrow([], this.shown.field));
    this.bars.addEventListener("keydown", (event) => this.key(event));
    this.bars.addEventListener("pointerdown", (event) => this.press(event));
    this.bars.addEventListener("pointermove", (event) => this.drag(event));
    this.bars.addEventListener("pointerup", (event) => this.release(event));
    this.bars.addEventListener("pointercancel", () => this.select(null));
    this.bars.addEventListener("pointerleave", () => this.selected || this.tell());
    this.bars.addEventListener("focusin", (event) => this.tell(this.items.indexOf(event.target)));
    this.items = [];
    new ResizeObserver(() => this.drawTicks()).observe(this.bars);
  }

  /** How many bars there is room for. */
  get room() {
    return Math.max(12, Math.floor(this.bars.clientWidth / 6));
  }

  show(timeline, { narrowed }) {
    this.shown = timeline;
    this.selected = null;
    this.pressed = false;
    const bars = timeline?.bars ?? [];
    this.format = new Intl.DateTimeFormat(document.documentElement.lang, { ...FORMATS[timeline?.interval ?? "month"], timeZone: "UTC" });
    const highest = Math.max(1, ...bars.map((bar) => bar.count));
    this.current = Math.max(0, bars.length - 1);
    const focused = this.bars.contains(document.activeElement);
    this.items = bars.map((bar, at) => {
      const item = h("button", { type: "button", class: "bar-of-time", tabindex: at === this.current ? "0" : "-1", "aria-label": this.name(bar), "data-testid": `time-${bar.value}` }, h("span", {}));
      item.firstChild.style.height = bar.count ? `max(3px, ${(100 * bar.count) / highest}%)` : "0";
      return item;
    });
    this.bars.replaceChildren(...this.items);
    this.bars.style.setProperty("--bars", Math.max(1, bars.length));
    if (focused) (this.items[this.current] ?? this.all).focus({ preventScroll: true });
    this.none.hidden = !timeline?.undated;
    this.none.textContent = timeline?.undated ? fill(this.texts.undated, { count: timeline.undated.toLocaleString() }) : "";
    this.all.hidden = !narrowed;
    this.drawTicks();
    this.tell();
  }

  name(bar) {
    return fill(this.texts.bar, { time: this.timeOf(bar), count: bar.count.toLocaleString() });
  }

  timeOf(bar) {
    const [year, month = 1, day = 1] = bar.value.split("-").map(Number);
    return this.format.format(new Date(Date.UTC(year, month - 1, day)));
  }

  /** What is under the pointer or the focus, else the whole span. */
  tell(at = -1) {
    const bars = this.shown?.bars ?? [];
    if (this.selected) {
      const [from, to] = this.range();
      const count = bars.slice(from, to + 1).reduce((sum, bar) => sum + bar.count, 0);
      const time = from === to ? this.timeOf(bars[from]) : `${this.timeOf(bars[from])} – ${this.timeOf(bars[to])}`;
      this.told.textContent = fill(this.texts.bar, { time, count: count.toLocaleString() });
    } else if (at >= 0) this.told.textContent = this.name(bars[at]);
    else if (!bars.length) this.told.textContent = this.texts.no_times;
    else this.told.textContent = bars.length === 1 ? this.timeOf(bars[0]) : `${this.timeOf(bars[0])} – ${this.timeOf(bars.at(-1))}`;
  }

  drawTicks() {
    const bars = this.shown?.bars ?? [];
    const width = this.bars.clientWidth;
    const part = { year: 4, month: 4, day: 7 }[this.shown?.interval] ?? 4;
    let right = -Infinity;
    const ticks = [];
    bars.forEach((bar, at) => {
      if (at && bar.value.slice(0, part) === bars[at - 1].value.slice(0, part)) return;
      const left = (at / bars.length) * width;
      if (left < right || left > width - 40) return;
      right = left + (part === 7 ? 68 : 52);
      const tick = h("span", {}, bar.value.slice(0, part));
      tick.style.left = `${left}px`;
      ticks.push(tick);
    });
    this.ticks.replaceChildren(...ticks);
  }

  range() {
    return [Math.min(...this.selected), Math.max(...this.selected)];
  }

  select(range) {
    this.selected = range;
    const [from, to] = range ? this.range() : [0, -1];
    this.items.forEach((item, at) => item.classList.toggle("selected", at >= from && at <= to));
    this.tell();
  }

  at(event) {
    const box = this.bars.getBoundingClientRect();
    return Math.max(0, Math.min(this.items.length - 1, Math.floor(((event.clientX - box.left) / box.width) * this.items.length)));
  }

  press(event) {
    if (event.button || !this.items.length) return;
    this.bars.setPointerCapture(event.pointerId);
    this.pressed = true;
    this.select([this.at(event), this.at(event)]);
  }

  drag(event) {
    if (!this.items.length) return;
    if (this.pressed) this.select([this.selected[0], this.at(event)]);
    else this.tell(this.at(event));
  }

  release() {
    if (!this.pressed) return;
    this.pressed = false;
    this.take();
  }

  take() {
    const [from, to] = this.range();
    const { field, bars } = this.shown;
    this.narrow([`${field} >= ${bars[from].start}`, `${field} < ${bars[to].end}`], field);
  }

  key(event) {
    const steps = { ArrowLeft: -1, ArrowRight: 1, PageUp: -12, PageDown: 12, Home: -Infinity, End: Infinity };
    if (event.key === "Enter" || event.key === " ") {
      if (!this.selected) this.select([this.current, this.current]);
      this.take();
    } else if (event.key === "Escape" && this.selected) this.select(null);
    else if (event.key in steps) {
      const to = Math.max(0, Math.min(this.items.length - 1, this.current + steps[event.key]));
      const anchor = this.selected?.[0] ?? this.current;
      this.items[this.current].tabIndex = -1;
      this.current = to;
      this.items[to].tabIndex = 0;
      this.items[to].focus();
      this.select(event.shiftKey ? [anchor, to] : null);
      if (!event.shiftKey) this.tell(to);
    } else return;
    event.preventDefault();
  }
}
