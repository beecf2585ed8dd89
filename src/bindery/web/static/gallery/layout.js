// Where every file stands, known before any of them is loaded: a section (a month) tells how many files it has and how
// wide they are together, and that gives its height. Its files, when they come, are laid out to exactly this height.
// Nothing here knows the document.

export const GAP = 4;
const HEAD = 44; // pixels of a section's heading, and below its last row
const PAGE = 100; // files that one call answers at most

export const wantedHeight = (width) => (width < 600 ? 120 : width < 1800 ? 190 : 230);

/** Width by height as it is shown; what has no shape is a square. */
export function ratioOf(file) {
  let width = file.ImageWidth || 0;
  let height = file.ImageHeight || 0;
  if (width > 0 && height > 0) {
    if (file.Orientation >= 5 && file.Orientation <= 8) [width, height] = [height, width];
  } else [width, height] = [file.VideoWidth || 0, file.VideoHeight || 0];
  if (!(width > 0 && height > 0)) return 1;
  return Math.min(3.5, Math.max(0.4, width / height));
}

/** Into how many pages of about the same size `count` files go: no page is so small that it has no row of its own. */
export const pageSize = (count) => Math.ceil(count / Math.ceil(count / PAGE));

/** Rows of `count` files that are `ratios` wide together at a height of 1, as high as is wanted. */
function rowsFor(count, ratios, width) {
  const wanted = wantedHeight(width);
  if (ratios * wanted + (count - 1) * GAP <= width) return { rows: 1, rowHeight: wanted, filled: false };
  const rows = Math.max(1, Math.round((ratios * wanted + count * GAP) / (width + GAP)));
  const height = (width - (count / rows - 1) * GAP) / (ratios / rows);
  return { rows, rowHeight: Math.round(Math.min(wanted * 1.6, Math.max(wanted * 0.5, height))), filled: true };
}

/** Boxes of files that fill `rows` rows, which are `rowHeight` high on the average and `width` wide. */
export function placeTiles(ratios, { rows, rowHeight, filled }, width) {
  const cuts = cutRows(ratios, Math.min(rows, ratios.length));
  const natural = cuts.map(([from, to]) => (width - (to - from - 1) * GAP) / sum(ratios, from, to));
  const room = rows * rowHeight;
  const scale = filled ? Math.min(1.3, room / natural.reduce((all, each) => all + each, 0)) : 1;
  const boxes = [];
  let top = 0;
  cuts.forEach(([from, to], row) => {
    const height = filled ? natural[row] * scale : Math.min(rowHeight, natural[row]);
    let left = 0;
    for (let at = from; at < to; at++) {
      const wide = ratios[at] * (filled ? natural[row] : height);
      boxes.push({ left, top, width: wide, height });
      left += wide + GAP;
    }
    top += height + GAP;
  });
  return boxes;
}

/** [from, to) of each row, so that all rows are about as wide. */
function cutRows(ratios, rows) {
  const share = sum(ratios, 0, ratios.length) / rows;
  const cuts = [];
  let from = 0;
  let seen = 0;
  for (let row = 1; row <= rows; row++) {
    let to = from;
    const most = ratios.length - (rows - row);
    while (to < most && (to === from || row === rows || seen + ratios[to] / 2 < row * share)) seen += ratios[to++];
    cuts.push([from, to]);
    from = to;
  }
  return cuts;
}

function sum(values, from, to) {
  let all = 0;
  for (let at = from; at < to; at++) all += values[at];
  return all;
}

/** The last of `items` whose `field`, which ascends, is not beyond `value`. */
export function lastUpTo(items, field, value) {
  let low = 0;
  let high = items.length - 1;
  while (low < high) {
    const middle = (low + high + 1) >> 1;
    if (items[middle][field] <= value) low = middle;
    else high = middle - 1;
  }
  return Math.max(0, low);
}

/** Sections one below the other. */
export class Layout {
  constructor({ headed }) {
    this.head = headed ? HEAD : 0;
    this.sections = []; // {value, from, to, count, ratios, start, top, height, rows, rowHeight, filled, blocks}
    this.count = this.height = this.width = 0;
  }

  /** More sections below. One of `files` or `token`s is a page by itself; those of many files get their pages later. */
  append(sections) {
    for (const each of sections) {
      const section = { ...each, isSection: true, start: this.count, index: this.sections.length, blocks: null };
      if (section.count <= PAGE) section.blocks = [{ token: "", ...each, start: section.start, section }];
      delete section.files; // its page has them
      this.sections.push(section);
      this.count += section.count;
      this.measure(section);
    }
  }

  resize(width) {
    this.width = width;
    this.height = 0;
    for (const section of this.sections) this.measure(section);
  }

  measure(section) {
    if (!this.width) return;
    Object.assign(section, rowsFor(section.count, section.ratios, this.width));
    section.top = this.height;
    section.body = section.rows * (section.rowHeight + GAP);
    section.height = this.head + section.body + (this.head ? 16 : 0);
    this.height += section.height;
    if (section.blocks) this.share(section);
  }

  setPages(section, pages) {
    let start = section.start;
    section.blocks = pages.map((page) => {
      const block = { ...page, start, section };
      start += page.count;
      return block;
    });
    this.share(section);
  }

  /** The rows of a section go to its pages by their width; a page is never without one. */
  share(section) {
    const whole = section.blocks.reduce((all, block) => all + block.ratios, 0) || 1;
    let seen = 0;
    let row = 0;
    section.blocks.forEach((block, at) => {
      seen += block.ratios;
      const left = section.blocks.length - 1 - at;
      const until = Math.max(row + 1, Math.min(section.rows - left, Math.round((section.rows * seen) / whole)));
      Object.assign(block, { rows: until - row, rowHeight: section.rowHeight, filled: section.filled });
      block.top = section.top + this.head + row * (section.rowHeight + GAP);
      block.height = block.rows * (section.rowHeight + GAP);
      block.boxes = null;
      row = until;
    });
  }

  boxesOf(block) {
    block.boxes ??= placeTiles(block.files.map(ratioOf), block, this.width);
    return block.boxes;
  }

  sectionAt(y) {
    return this.sections[lastUpTo(this.sections, "top", y)];
  }

  sectionOf(rank) {
    return this.sections[lastUpTo(this.sections, "start", rank)];
  }

  /** The page of a file; none while the pages of its section are not known. */
  blockOf(rank) {
    const { blocks } = this.sectionOf(rank) ?? {};
    return blocks?.[lastUpTo(blocks, "start", rank)];
  }
}

/** A long way through a window that browsers can scroll: they end at some ten million pixels. What is scrolled in
 * small steps moves as it does everywhere; a leap goes to the same part of the whole. */
export class Track {
  constructor(longest = 8_000_000) {
    this.longest = longest;
    this.shift = this.at = 0; // of the whole: the place is `shift` and what the window is scrolled by
  }

  resize(whole, view) {
    Object.assign(this, { whole, view });
    this.physical = Math.min(whole, this.longest);
    if (whole <= this.longest) this.shift = 0;
  }

  get end() {
    return Math.max(0, this.whole - this.view);
  }

  /** Where a window that is scrolled by `scrolled` stands in the whole. */
  move(scrolled) {
    if (this.whole > this.longest) {
      const step = Math.abs(scrolled + this.shift - this.at);
      const last = this.physical - this.view; // a window goes a little further when something stands below
      if (step > 3 * this.view) this.shift = this.partOf(Math.min(scrolled, last)) - Math.min(scrolled, last);
    }
    this.at = Math.max(0, Math.min(this.end, scrolled + this.shift));
    return this.at;
  }

  partOf(scrolled) {
    return (scrolled / Math.max(1, this.physical - this.view)) * this.end;
  }

  /** How far the window has to be scrolled to stand at `at` of the whole. */
  go(at) {
    this.at = Math.max(0, Math.min(this.end, at));
    const scrolled = this.end ? Math.round((this.at / this.end) * Math.max(0, this.physical - this.view)) : 0;
    if (this.whole <= this.longest) return this.at;
    this.shift = this.at - scrolled;
    return scrolled;
  }

  /** Whether small steps have led so far that the window would end before the whole, or show a wrong part of it. */
  get astray() {
    if (this.whole <= this.longest) return false;
    const ideal = (this.at / Math.max(1, this.end)) * (this.physical - this.view);
    return Math.abs(this.at - this.shift - ideal) > this.view;
  }

  /** Whether the window has come to one of its ends, and the whole has not. */
  get cornered() {
    if (this.whole <= this.longest) return false;
    const last = this.physical - this.view;
    const scrolled = this.at - this.shift;
    const ideal = (this.at / Math.max(1, this.end)) * last;
    return (scrolled < 1 && ideal >= 3) || (scrolled > last - 1 && ideal <= last - 3);
  }
}
