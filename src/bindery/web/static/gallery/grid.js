// A justified grid of any number of files: rows are laid out from shapes that are known before any picture comes, and
// only those near the window are in the document.
import { h } from "../dom.js";

const GAP = 4;
const NEAR = 900; // pixels beyond the window that are ready
const PAGES_KEPT = 12; // pages of files on each side of the window; others are asked for again

export class Grid {
  constructor(frame, { tile, more, again }) {
    Object.assign(this, { frame, tile, more, again });
    this.shown = new Map();
    this.current = 0;
    this.clear();
    addEventListener("scroll", () => this.schedule(), { passive: true });
    new ResizeObserver(() => this.relayout()).observe(frame.parentElement);
    frame.addEventListener("keydown", (event) => this.move(event));
  }

  clear() {
    this.pages = []; // {files or null, start, token}
    this.ratios = [];
    this.rows = []; // {top, height, start, count}
    this.laid = 0;
    this.bottom = 0;
    this.complete = false;
    this.loading = false;
    this.current = 0;
    for (const element of this.shown.values()) element.remove();
    this.shown.clear();
    this.frame.style.height = "0px";
  }

  get count() {
    return this.ratios.length;
  }

  /** A page of files has come; `token` asks for it again. */
  add(files, token, complete) {
    this.pages.push({ files, start: this.ratios.length, count: files.length, token });
    for (const file of files) this.ratios.push(ratioOf(file));
    this.complete = complete;
    this.layRows();
    this.schedule();
  }

  file(at) {
    const page = this.pageOf(at);
    return page?.files?.[at - page.start];
  }

  pageOf(at) {
    let low = 0;
    let high = this.pages.length - 1;
    while (low < high) {
      const middle = (low + high + 1) >> 1;
      if (this.pages[middle].start <= at) low = middle;
      else high = middle - 1;
    }
    return this.pages[low];
  }

  relayout() {
    const width = this.frame.clientWidth;
    if (width === this.width || !width) return;
    const anchor = this.rows[this.rowAt(scrollY - this.frame.offsetTop)];
    this.width = width;
    this.rows = [];
    this.laid = this.bottom = 0;
    for (const element of this.shown.values()) element.remove();
    this.shown.clear();
    this.layRows();
    const row = anchor && scrollY > this.frame.offsetTop ? this.rows[this.rowOf(anchor.start)] : null;
    if (row) scrollTo(0, this.frame.offsetTop + row.top);
    this.draw();
  }

  /** Rows from what is not laid out yet; the last one is left open while more may come. */
  layRows() {
    const width = (this.width = this.frame.clientWidth || this.width || 0);
    if (!width) return;
    const wanted = width < 600 ? 120 : width < 1800 ? 190 : 230;
    let start = this.laid;
    let sum = 0;
    for (let at = start; at < this.ratios.length; at++) {
      sum += this.ratios[at];
      const count = at - start + 1;
      const height = (width - GAP * (count - 1)) / sum;
      const last = at === this.ratios.length - 1;
      if (height > wanted && !(last && this.complete)) continue;
      this.pushRow(start, count, Math.min(height, wanted * 1.25));
      start = at + 1;
      sum = 0;
    }
    this.laid = start;
    this.frame.style.height = `${Math.max(0, this.bottom - GAP)}px`;
  }

  pushRow(start, count, height) {
    this.rows.push({ top: this.bottom, height, start, count });
    this.bottom += height + GAP;
  }

  rowAt(y) {
    return this.lastRow("top", y);
  }

  rowOf(file) {
    return this.lastRow("start", file);
  }

  /** The last row whose `field`, which ascends, is not beyond `value`. */
  lastRow(field, value) {
    let low = 0;
    let high = this.rows.length - 1;
    while (low < high) {
      const middle = (low + high + 1) >> 1;
      if (this.rows[middle][field] <= value) low = middle;
      else high = middle - 1;
    }
    return Math.max(0, low);
  }

  schedule() {
    if (this.scheduled) return;
    this.scheduled = true;
    requestAnimationFrame(() => {
      this.scheduled = false;
      this.draw();
    });
  }

  draw() {
    const top = scrollY - this.offset();
    if (this.rows.length) {
      const first = this.rowAt(top - NEAR);
      const last = this.rowAt(top + innerHeight + NEAR);
      const from = this.rows[first].start;
      const to = this.rows[last].start + this.rows[last].count;
      for (const [at, element] of this.shown) {
        if (at >= from && at < to) continue;
        element.remove();
        this.shown.delete(at);
      }
      for (let row = first; row <= last; row++) this.drawRow(this.rows[row]);
      this.forget(from, to);
    }
    if (!this.complete && !this.loading && this.bottom - top < innerHeight + 3 * NEAR) this.load();
  }

  offset() {
    return this.frame.getBoundingClientRect().top + scrollY;
  }

  drawRow({ top, height, start, count }) {
    let left = 0;
    for (let at = start; at < start + count; at++) {
      const width = this.ratios[at] * height;
      if (!this.shown.has(at)) {
        const file = this.file(at);
        if (file) {
          const element = this.tile(file, at);
          element.tabIndex = at === this.current ? 0 : -1;
          Object.assign(element.style, { transform: `translate(${left}px, ${top}px)`, width: `${width}px`, height: `${height}px` });
          element.dataset.at = at;
          this.frame.append(element);
          this.shown.set(at, element);
        }
      }
      left += width + GAP;
    }
  }

  /** Pages far away are let go, those that are near are asked for again. */
  forget(from, to) {
    const first = this.pages.indexOf(this.pageOf(from));
    const last = this.pages.indexOf(this.pageOf(Math.max(0, to - 1)));
    this.pages.forEach((page, at) => {
      if (at < first - PAGES_KEPT || at > last + PAGES_KEPT) page.files = null;
    });
    for (let at = first; at <= last; at++) {
      const page = this.pages[at];
      if (page.files || page.asked) continue;
      page.asked = true;
      this.again(page.token).then((files) => {
        page.asked = false;
        if (!this.pages.includes(page)) return;
        page.files = files.slice(0, page.count);
        this.schedule();
      });
    }
  }

  async load() {
    this.loading = true;
    try {
      await this.more();
    } finally {
      this.loading = false;
    }
    if (!this.complete) this.schedule();
  }

  move(event) {
    const steps = { ArrowRight: 1, ArrowLeft: -1 };
    let to = null;
    if (event.key in steps) to = this.current + steps[event.key];
    else if (event.key === "ArrowDown" || event.key === "ArrowUp") to = this.beside(event.key === "ArrowDown" ? 1 : -1);
    else if (event.key === "Home") to = 0;
    else if (event.key === "End") to = this.laid - 1;
    if (to === null || event.ctrlKey || event.metaKey || event.altKey) return;
    event.preventDefault();
    this.focus(Math.max(0, Math.min(this.laid - 1, to)));
  }

  /** The file above or below the current one. */
  beside(step) {
    const own = this.rows[this.rowOf(this.current)];
    const other = this.rows[this.rowOf(this.current) + step];
    if (!other) return this.current;
    const middle = this.left(own, this.current) + (this.ratios[this.current] * own.height) / 2;
    let at = other.start;
    while (at < other.start + other.count - 1 && this.left(other, at + 1) <= middle) at++;
    return at;
  }

  left(row, file) {
    let left = 0;
    for (let at = row.start; at < file; at++) left += this.ratios[at] * row.height + GAP;
    return left;
  }

  focus(at) {
    const row = this.rows[this.rowOf(at)];
    const top = this.offset() + row.top;
    if (top < scrollY + 60) scrollTo(0, top - 60);
    else if (top + row.height > scrollY + innerHeight) scrollTo(0, top + row.height - innerHeight + 8);
    const before = this.shown.get(this.current);
    if (before) before.tabIndex = -1;
    this.current = at;
    this.draw();
    const element = this.shown.get(at);
    if (!element) return;
    element.tabIndex = 0;
    element.focus({ preventScroll: true });
  }
}

/** Width by height as it is shown; what has no shape is a square. */
export function ratioOf(file) {
  let width = file.ImageWidth || file.VideoWidth || 0;
  let height = file.ImageHeight || file.VideoHeight || 0;
  if (!width || !height) return 1;
  if (file.Orientation >= 5 && file.Orientation <= 8) [width, height] = [height, width];
  return Math.min(3.5, Math.max(0.4, width / height));
}

export function tileOf(file, at, { address, picture, played }) {
  const name = file.Filename || file.URI.slice(file.URI.lastIndexOf("/") + 1);
  const bare = !(file.ImageWidth || file.VideoWidth);
  return h(
    "a",
    { href: address, class: bare ? "tile bare" : "tile", "data-testid": `file-${at}`, role: "listitem", title: name },
    h("img", { src: picture, alt: name.slice(0, 200), draggable: "false", decoding: "async" }),
    bare ? h("bdi", { class: "name", "aria-hidden": "true" }, name.slice(0, 200)) : null,
    played ? h("span", { class: "badge" }, played) : null,
  );
}
