// Choosing files: by mouse, keys and touch, also of those that are not loaded.
import { fill, h } from "../dom.js";
import { Ranges } from "./ranges.js";

const LONG_PRESS_MS = 450;
const by = (id) => document.getElementById(id);

export class Selection {
  constructor({ frame, grid, source, texts }) {
    Object.assign(this, { frame, grid, source, texts });
    this.ranges = new Ranges();
    this.seen = new Map(); // number: the file that was seen there when it was chosen
    this.anchor = 0;
    frame.addEventListener("click", (event) => this.click(event));
    frame.addEventListener("pointerdown", (event) => this.press(event));
    for (const name of ["pointerup", "pointercancel", "pointermove"]) frame.addEventListener(name, (event) => this.release(event));
    frame.addEventListener("contextmenu", (event) => this.pressed && event.preventDefault());
    by("choose-none").addEventListener("click", () => this.clear());
    by("choose-all").addEventListener("click", () => this.all());
  }

  get count() {
    return this.ranges.count;
  }

  /** A tile that is made shows whether it is chosen. */
  dress(tile, rank) {
    tile.append(h("span", { class: "check", "aria-hidden": "true" }));
    tile.setAttribute("aria-selected", String(this.ranges.has(rank)));
    return tile;
  }

  click(event) {
    const tile = event.target.closest(".tile");
    if (!tile) return;
    if (this.pressed) {
      this.pressed = false;
      return event.preventDefault(); // the end of a long press
    }
    const rank = Number(tile.dataset.rank);
    const marks = event.ctrlKey || event.metaKey || event.target.closest(".check") || (this.count && !event.shiftKey);
    if (!marks && !event.shiftKey) return;
    event.preventDefault();
    if (event.shiftKey) this.extend(rank);
    else this.toggle(rank);
    this.grid.focus(rank);
  }

  press(event) {
    this.pressed = false; // not every long press ends in a click
    const tile = event.target.closest(".tile");
    if (!tile || event.pointerType !== "touch") return;
    this.from = [event.clientX, event.clientY];
    clearTimeout(this.timer);
    this.timer = setTimeout(() => {
      this.pressed = true;
      this.toggle(Number(tile.dataset.rank));
    }, LONG_PRESS_MS);
  }

  release(event) {
    if (event.type === "pointermove" && this.from && Math.hypot(event.clientX - this.from[0], event.clientY - this.from[1]) < 10) return;
    clearTimeout(this.timer);
  }

  /** Keys that choose; whether this was one. */
  key(event, move) {
    const { current } = this.grid;
    const mark = event.ctrlKey || event.metaKey;
    if (mark && event.key.toLowerCase() === "a") this.all();
    else if (event.key === "Escape" && this.count) this.clear();
    else if (event.key === " " && event.shiftKey) this.extend(current);
    else if (event.key === " ") this.toggle(current);
    else if (event.shiftKey && move !== undefined) this.reach(move);
    else return false;
    event.preventDefault();
    return true;
  }

  toggle(rank) {
    this.anchor = rank;
    this.stretch = null;
    if (this.ranges.has(rank)) this.ranges.remove(rank, rank + 1);
    else this.add(rank, rank + 1);
    this.changed();
  }

  /** From the last chosen one up to another. */
  extend(rank) {
    this.add(Math.min(this.anchor, rank), Math.max(this.anchor, rank) + 1);
    this.changed();
  }

  /** Shift and an arrow: what was reached goes with the way back. */
  reach(rank) {
    if (!this.stretch) {
      this.stretch = this.anchor = this.grid.current;
    }
    const before = [Math.min(this.anchor, this.stretch), Math.max(this.anchor, this.stretch) + 1];
    this.ranges.remove(...before);
    this.stretch = rank;
    this.extend(rank);
    this.grid.focus(rank);
  }

  add(from, to) {
    this.ranges.add(from, to);
    for (const rank of this.grid.shown.keys()) {
      const file = rank >= from && rank < to && this.grid.fileAt(rank);
      if (file) this.seen.set(rank, file);
    }
  }

  all() {
    this.ranges.clear();
    this.add(0, this.total);
    this.changed();
  }

  /** Of the whole query, also where the list is not known to its end. */
  get total() {
    return Math.max(this.grid.layout.count, this.source.total ?? 0);
  }

  clear() {
    this.ranges.clear();
    this.seen.clear();
    this.stretch = null;
    this.changed();
  }

  changed() {
    for (const [rank, tile] of this.grid.shown) tile.setAttribute("aria-selected", String(this.ranges.has(rank)));
    const { count } = this;
    by("chosen").hidden = !count;
    by("choose-all").disabled = count >= this.total;
    by("chosen-count").textContent = fill(this.texts.chosen, { count: count.toLocaleString(document.documentElement.lang) });
    this.frame.classList.toggle("choosing", count > 0);
  }

  /** The chosen files, page by page. What was seen when it was chosen is what is meant, whatever has come since. */
  async *files(signal) {
    for (const [from, to] of [...this.ranges.parts]) {
      for (let rank = from; rank < to; ) {
        const block = await this.source.blockOf(rank);
        if (!block) return;
        const end = Math.min(to, block.start + block.count);
        yield await this.pageOf(block, rank, end, signal);
        rank = end;
      }
    }
  }

  async pageOf(block, from, to, signal) {
    const wanted = Array.from({ length: to - from }, (_, at) => from + at);
    const unseen = wanted.some((rank) => !this.seen.has(rank));
    const files = unseen ? (block.files ?? (await this.source.filesOf(block, {}, signal))) : [];
    const found = new Map();
    for (const rank of wanted) {
      const file = this.seen.get(rank) ?? files[rank - block.start];
      if (file) found.set(file.URI, file);
    }
    return [...found.values()];
  }
}
