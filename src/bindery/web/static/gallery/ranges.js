// Which files are chosen: numbers in the order of the list, as ranges, so that a million of them are one range.
// And the lists that are made of them. Nothing here knows the document.

export class Ranges {
  constructor() {
    this.parts = []; // [from, to), ascending, apart
  }

  get count() {
    return this.parts.reduce((all, [from, to]) => all + to - from, 0);
  }

  has(at) {
    return this.parts.some(([from, to]) => at >= from && at < to);
  }

  add(from, to) {
    const kept = [];
    for (const part of this.parts) {
      if (part[1] < from || part[0] > to) kept.push(part);
      else [from, to] = [Math.min(from, part[0]), Math.max(to, part[1])];
    }
    this.parts = [...kept, [from, to]].sort((a, b) => a[0] - b[0]);
  }

  remove(from, to) {
    this.parts = this.parts.flatMap(([begin, end]) =>
      [
        [begin, Math.min(end, from)],
        [Math.max(begin, to), end],
      ].filter(([a, b]) => a < b),
    );
  }

  clear() {
    this.parts = [];
  }
}

const COLUMNS = ["URI", "Filename", "MediaType", "ContentType", "Size", "ProduceTime"];

/** A cell of a table: in quotes, and never a formula for programs that open the table. */
function cell(value) {
  const text = String(value ?? "");
  const safe = /^[=+\-@\t\r]/.test(text) && !/^-?[0-9.]+$/.test(text) ? `'${text}` : text;
  return `"${safe.replaceAll('"', '""')}"`;
}

export const CSV_HEAD = `${COLUMNS.join(",")}\r\n`;
export const csvOf = (files) => files.map((file) => `${COLUMNS.map((name) => cell(file[name])).join(",")}\r\n`).join("");

/** One address a line: what would end a line is written as in an address. */
export const textOf = (files) => files.map((file) => `${file.URI.replace(/[\u0000-\u001f\u007f\u2028\u2029]/g, encodeURIComponent)}\n`).join("");
