// The grid in the document: of all sections and pages only those near the window are there, the others keep their place.
import { h } from "../dom.js";
import { GAP, Layout, Track } from "./layout.js";

const NEAR = 900; // pixels beyond the window that are ready
const KEPT = 40; // pages whose files are kept for a way back
const QUICK_MS = 90; // while somebody leaps through years nothing is asked for

export class Grid {
  /** `source` answers files and pages, `tile(file, rank)` makes an element, `head(section)` a text, `moved(grid)` hears. */
  constructor(frame, { source, tile, head, moved }) {
    Object.assign(this, { frame, source, tile, head, moved });
    this.shown = new Map(); // rank: tile
    this.parts = new Map(); // section or block: its element
    this.recent = new Set();
    this.current = 0;
    this.track = new Track();
    this.layout = new Layout({ headed: false });
    addEventListener("scroll", () => this.scrolled(), { passive: true });
    new ResizeObserver(() => this.resize()).observe(frame.parentElement);
    addEventListener("resize", () => this.resize());
  }

  /** Begins anew, with what `layout` knows so far. */
  show(layout) {
    this.layout = layout;
    this.clear();
    this.current = 0;
    this.awaited = null;
    this.width = 0;
    this.track.go(0);
    this.resize();
  }

  clear() {
    for (const block of this.recent) this.let(block);
    this.recent.clear();
    for (const element of this.parts.values()) element.remove();
    this.shown.clear();
    this.parts.clear();
  }

  grown() {
    this.measure();
    this.schedule();
  }

  measure() {
    this.track.resize(this.layout.height, innerHeight - this.covered);
    this.frame.style.height = `${Math.max(0, this.track.physical - GAP)}px`;
  }

  resize() {
    const width = this.frame.clientWidth;
    if (!width || (width === this.width && innerHeight === this.tall)) return;
    const place = this.width ? this.standing : null;
    this.tall = innerHeight;
    if (width !== this.width) {
      const focused = this.frame.contains(document.activeElement) ? document.activeElement.dataset.rank : undefined;
      if (focused !== undefined) this.awaited ??= Number(focused);
      for (const element of this.parts.values()) element.remove();
      this.shown.clear();
      this.parts.clear();
      this.layout.resize((this.width = width));
    }
    this.measure();
    if (place && scrollY > this.offset) this.goTo(place);
    this.draw();
  }

  /** Where the frame begins in the page. */
  get offset() {
    return this.frame.getBoundingClientRect().top + scrollY;
  }

  // places

  /** What stands at the top of the window: a section and how far into it, which holds at any width. */
  get place() {
    this.follow();
    return this.standing;
  }

  get standing() {
    const section = this.layout.sectionAt(this.track.at);
    return section && { value: section.value, index: section.index, part: (this.track.at - section.top) / section.height };
  }

  /** Takes over what the window is scrolled by. */
  follow() {
    this.track.move(Math.max(0, scrollY - this.offset + this.covered));
  }

  goTo({ value, index, part }) {
    const { sections } = this.layout;
    const section = sections.find((each) => each.value === value && value !== undefined) ?? sections[Math.min(index ?? 0, sections.length - 1)];
    if (section) this.goToTop(section.top + part * section.height);
  }

  goToTop(y) {
    const scrolled = this.track.go(y);
    const above = this.track.at === 0 ? 0 : this.offset - this.covered;
    scrollTo(0, scrolled + above);
    this.draw();
  }

  /** Pixels at the top of the window that bars cover. */
  get covered() {
    return 112;
  }

  /** The first file whose top is in the window, as far as files are there. */
  get firstShown() {
    let found = null;
    for (const [rank, element] of this.shown) {
      if ((found === null || rank < found) && element.getBoundingClientRect().bottom > this.covered) found = rank;
    }
    return found;
  }

  scrolled() {
    const now = performance.now();
    this.leaping = Math.abs(scrollY - (this.lastY ?? 0)) > 4 * innerHeight;
    this.lastY = scrollY;
    this.lastScroll = now;
    this.schedule();
    clearTimeout(this.resting);
    this.resting = setTimeout(() => this.rest(), 150);
  }

  rest() {
    if (this.track.astray) this.goToTop(this.track.at);
    this.leaping = false;
    this.draw();
    this.moved(this, true);
  }

  schedule() {
    if (this.scheduled) return;
    this.scheduled = true;
    requestAnimationFrame(() => {
      this.scheduled = false;
      this.draw();
    });
  }

  // drawing

  draw() {
    if (!this.width) return;
    this.follow();
    if (this.track.cornered) return this.goToTop(this.track.at);
    const top = this.track.at - NEAR;
    const bottom = this.track.at + innerHeight + NEAR;
    const parts = new Map();
    const { sections } = this.layout;
    for (let at = sections.length ? this.layout.sectionAt(top).index : 0; at < sections.length && sections[at].top < bottom; at++) {
      this.collect(sections[at], top, bottom, parts);
    }
    this.drop(parts, top, bottom);
    for (const [part, box] of parts) this.drawPart(part, box, top, bottom);
    this.load([...parts.keys()]);
    if (bottom + 2 * innerHeight > this.layout.height) this.source.more?.();
    this.moved(this, false);
  }

  collect(section, top, bottom, parts) {
    if (this.layout.head) parts.set(section, { top: section.top, height: this.layout.head });
    if (!section.blocks) {
      const begin = Math.max(top, section.top + this.layout.head);
      const end = Math.min(bottom, section.top + this.layout.head + section.body);
      if (end > begin) parts.set(waitingOf(section), { top: begin, height: end - begin });
      return;
    }
    for (const block of section.blocks) {
      if (block.top < bottom && block.top + block.height > top) parts.set(block, { top: block.top, height: block.height });
    }
  }

  drop(parts, top, bottom) {
    for (const [part, element] of this.parts) {
      const keeps = part.boxes && element.contains(document.activeElement) && element !== document.activeElement;
      if (parts.has(part)) {
        this.dropTiles(part, top, bottom);
      } else if (keeps) {
        parts.set(part, { top: part.top, height: part.height });
      } else {
        this.dropTiles(part, 1, 0);
        element.remove();
        this.parts.delete(part);
      }
    }
  }

  /** Tiles of a page that are outside of a stretch; what has the focus stays. */
  dropTiles(block, top, bottom) {
    if (!block.boxes) return;
    block.boxes.forEach((box, at) => {
      const element = this.shown.get(block.start + at);
      if (!element || element === document.activeElement) return;
      const y = block.top + box.top;
      if (top < bottom && y < bottom && y + box.height > top) return;
      element.querySelector("img")?.removeAttribute("src"); // pictures that have not come are not waited for
      element.remove();
      this.shown.delete(block.start + at);
    });
  }

  drawPart(part, box, top, bottom) {
    let element = this.parts.get(part);
    if (!element) {
      element = this.makePart(part);
      this.parts.set(part, element);
      this.frame.append(element);
    }
    element.style.transform = `translateY(${Math.round(box.top - this.track.shift)}px)`;
    element.style.height = `${box.height - (part.section ? GAP : 0)}px`;
    if (part.files) this.drawTiles(part, element, top, bottom);
  }

  makePart(part) {
    if (part.isSection) return h("div", { class: "section-head", "aria-hidden": "true" }, this.head(part));
    const named = part.section && this.layout.head > 0;
    const element = h("div", { class: "block", role: named ? "group" : "none", "aria-label": named ? this.head(part.section).textContent : null });
    element.style.setProperty("--row", `${(part.section ?? part.of).rowHeight + GAP}px`);
    return element;
  }

  drawTiles(block, element, top, bottom) {
    this.recent.delete(block);
    this.recent.add(block);
    element.classList.add("here");
    this.layout.boxesOf(block).forEach((box, at) => {
      const rank = block.start + at;
      const y = block.top + box.top;
      if (this.shown.has(rank) || y > bottom || y + box.height < top || at >= block.count) return;
      const tile = this.tile(block.files[at], rank);
      tile.tabIndex = rank === this.current ? 0 : -1;
      Object.assign(tile.style, { transform: `translate(${box.left}px, ${box.top}px)`, width: `${box.width}px`, height: `${box.height}px` });
      tile.dataset.rank = rank;
      element.append(tile);
      this.shown.set(rank, tile);
      if (rank === this.awaited) this.take(rank);
    });
  }

  // loading

  load(parts) {
    clearTimeout(this.loading);
    const begin = () => {
      for (const part of parts) {
        if (part.of) this.source.needPages(part.of);
        else if (part.section && !part.files) this.source.needFiles(part);
      }
      this.source.forget(new Set(parts));
    };
    if (this.leaping) this.loading = setTimeout(begin, QUICK_MS);
    else begin();
  }

  /** Files of a page have come. */
  arrived() {
    this.schedule();
    for (const block of this.recent) {
      if (this.recent.size <= KEPT) break;
      if (this.parts.has(block)) continue;
      this.let(block);
      this.recent.delete(block);
    }
  }

  let(block) {

    block.files = block.boxes = null;
  }

  fileAt(rank) {
    const block = this.layout.blockOf(rank);
    return block?.files?.[rank - block.start];
  }

  // the current file

  /** Moves to the file of a number; when it is not there, as soon as it has come. */
  focus(rank) {
    this.awaited = rank;
    const block = this.layout.blockOf(rank);
    const section = this.layout.sectionOf(rank);
    const box = block?.files && this.layout.boxesOf(block)[rank - block.start];
    const y = box ? block.top + box.top : block ? block.top : section.top + this.layout.head + ((rank - section.start) / section.count) * section.body;
    const height = box?.height ?? section.rowHeight;
    if (y < this.track.at) this.goToTop(y - 8);
    else if (y + height > this.track.at + innerHeight - this.covered) this.goToTop(y + height - innerHeight + this.covered + 16);
    else this.draw();
    const element = this.shown.get(rank);
    if (!element) return;
    this.awaited = null;
    const before = this.shown.get(this.current);
    if (before) before.tabIndex = -1;
    this.current = rank;
    element.tabIndex = 0;
    element.focus({ preventScroll: true });
  }

  /** The awaited file has come: who has gone elsewhere meanwhile is left there. */
  take(rank) {
    const { activeElement } = document;
    if (activeElement === document.body || this.frame.contains(activeElement)) this.focus(rank);
    else this.awaited = null;
  }

  /** The file above or below another, which may be the first of a page that has not come. */
  beside(rank, step) {
    const block = this.layout.blockOf(rank);
    if (!block?.files) return rank;
    const boxes = this.layout.boxesOf(block);
    const own = boxes[rank - block.start];
    const middle = own.left + own.width / 2;
    for (let at = rank - block.start + step; at >= 0 && at < boxes.length; at += step) {
      if (boxes[at].top !== own.top) return block.start + nearest(boxes, boxes[at].top, middle);
    }
    const next = step > 0 ? block.start + block.count : block.start - 1;
    if (next < 0 || next >= this.layout.count) return rank;
    const other = this.layout.blockOf(next);
    if (!other?.files) return next;
    const theirs = this.layout.boxesOf(other);
    return other.start + nearest(theirs, step > 0 ? 0 : theirs[theirs.length - 1].top, middle);
  }
}

function nearest(boxes, top, middle) {
  let best = -1;
  const away = (at) => Math.abs(boxes[at].left + boxes[at].width / 2 - middle);
  boxes.forEach((box, at) => {
    if (box.top === top && (best < 0 || away(at) < away(best))) best = at;
  });
  return best;
}

/** What stands for the pages of a section while they are not known. */
function waitingOf(section) {
  section.waiting ??= { of: section };
  return section.waiting;
}
