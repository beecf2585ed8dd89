// Asks the server for sections, pages and files of one search, and for nothing twice.
import { ask } from "../dom.js";
import { Layout, pageSize, ratioOf } from "./layout.js";

export class Source {
  /** `base`: the address of the dataset's page; `told(message)` hears of what goes wrong. */
  constructor(base, told) {
    Object.assign(this, { base, told });
    this.asking = new Map(); // block or section: what stops the question
  }

  /** Begins a search; the layout of what it finds, with what the search says of itself. */
  async begin({ q, sort, order }) {
    for (const stop of this.asking.values()) stop.abort();
    this.asking.clear();
    this.next = null;
    const mine = (this.mine = {});
    try {
      const values = { q, sort, order };
      const found = await this.get("sections", values);
      if (mine !== this.mine) return null;
      // Plain words: each page of files says where the next one begins.
      const first = found.problem || found.sections || found.pages ? null : await this.get("files", values);
      if (mine !== this.mine) return null;
      if (found.problem) return found;
      return this.started(values, found, first);
    } catch (error) {
      if (mine !== this.mine) return null; // another search has overtaken this one
      throw error;
    }
  }

  started(values, found, first) {
    Object.assign(this, { values, inTurn: false });
    const layout = (this.layout = new Layout({ headed: Boolean(found.sections) }));
    if (found.sections) layout.append(found.sections);
    else if (found.pages) {
      layout.append(found.pages.map((page) => ({ ...page })));
      this.next = found.next;
    } else this.appendFiles(first, "");
    this.total = first ? first.total : found.total;
    return { ...found, total: this.total, layout };
  }

  get(what, values = {}, signal) {
    return ask(`${this.base}${what}?${new URLSearchParams({ ...this.values, ...values })}`, undefined, { signal });
  }

  appendFiles({ files, next }, token) {
    const ratios = files.reduce((all, file) => all + ratioOf(file), 0);
    if (files.length) this.layout.append([{ count: files.length, ratios, token, files, sized: 100 }]);
    this.next = next;
    this.inTurn = true;
  }

  /** More of a list that is not known to its end. */
  async more() {
    const { mine, next: token } = this;
    if (!token || this.growing === mine) return;
    this.growing = mine;
    try {
      const found = await this.get(this.inTurn ? "files" : "pages", { token });
      if (mine !== this.mine) return;
      if (this.inTurn) this.appendFiles(found, token);
      else {
        this.layout.append(found.pages);
        this.next = found.next;
      }
      this.grown();
    } catch (error) {
      if (mine === this.mine) this.fail(error);
    } finally {
      if (this.growing === mine) this.growing = null;
    }
  }

  /** Where the pages of a section of many files begin. */
  needPages(section) {
    return this.once(section, (signal) => this.pagesOf(section, signal));
  }

  async pagesOf(section, signal) {
    const { layout } = this;
    const pages = [];
    let token = "";
    do {
      const found = await this.get("pages", { ...boundsOf(section), size: pageSize(section.count), token }, signal);
      pages.push(...found.pages);
      token = found.next;
    } while (token);
    if (section.blocks) return; // somebody else was quicker
    layout.setPages(section, pages.length ? pages : [{ count: section.count, ratios: section.ratios, token: "" }]);
  }

  /** The page of a file, however far down the list it is; none beyond the end. */
  async blockOf(rank) {
    while (rank >= this.layout.count) {
      if (!this.next) return null;
      const before = this.layout.count;
      await this.more();
      if (this.layout.count === before) await new Promise((resume) => setTimeout(resume, 50)); // it is asked for already
    }
    const section = this.layout.sectionOf(rank);
    if (!section.blocks) await this.pagesOf(section);
    return this.layout.blockOf(rank);
  }

  needFiles(block) {
    return this.once(block, async (signal) => {
      block.files = (await this.filesOf(block, {}, signal)).slice(0, block.count);
    });
  }

  async filesOf(block, values = {}, signal) {
    const size = block.sized ?? Math.max(1, Math.min(100, block.count));
    const found = await this.get("files", { ...boundsOf(block.section), token: block.token, size, ...values }, signal);
    if (found.problem) throw new Error(found.problem.message);
    return found.files;
  }

  async once(part, work) {
    if (this.asking.has(part)) return;
    const stop = new AbortController();
    this.asking.set(part, stop);
    const { mine } = this;
    try {
      await work(stop.signal);
    } catch (error) {
      if (mine === this.mine && error.name !== "AbortError") this.fail(error);
    } finally {
      if (this.asking.get(part) === stop) this.asking.delete(part);
    }
    if (mine === this.mine) this.arrived();
  }

  /** What is out of sight is not waited for. */
  forget(needed) {
    for (const [part, stop] of this.asking) {
      if (needed.has(part) || (part.isSection && needed.has(part.waiting))) continue;
      stop.abort();
      this.asking.delete(part);
    }
  }

  fail(error) {
    if (!(error instanceof TypeError)) return this.told(error.message);
    clearTimeout(this.again); // no connection: it is tried again
    this.again = setTimeout(() => this.arrived(), 3000);
  }
}

function boundsOf(section) {
  if (section.value === undefined) return {};
  return section.value ? { from: section.from, to: section.to } : { undated: "1" };
}
