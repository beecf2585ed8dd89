// The rail beside the grid: years and months where they stand in it, to jump to any of them.
import { fill, h } from "../dom.js";

export class Scrubber {
  /** `go(y)` moves the grid; `name(section)` says a section, `counted` is the text of a number of files. */
  constructor(rail, { go, name, counted }) {
    Object.assign(this, { rail, go, name, counted });
    this.marks = rail.querySelector(".marks");
    this.thumb = rail.querySelector(".thumb");
    this.label = rail.querySelector(".label");
    rail.addEventListener("pointerdown", (event) => this.grasp(event));
    rail.addEventListener("pointermove", (event) => this.hover(event));
    rail.addEventListener("pointerleave", () => this.grasped || this.hideLabel());
    rail.addEventListener("keydown", (event) => this.key(event));
    new ResizeObserver(() => this.draw()).observe(rail);
  }

  /** `layout` with sections, or none. */
  show(layout) {
    this.said = null;
    this.layout = layout?.head && layout.sections.length > 1 ? layout : null;
    this.rail.classList.toggle("off", !this.layout);
    this.rail.tabIndex = this.layout ? 0 : -1;
    this.rail.setAttribute("aria-hidden", String(!this.layout));
    this.draw();
  }

  draw() {
    const height = this.rail.clientHeight;
    if (!this.layout?.width || !height) return this.marks.replaceChildren();
    const { sections } = this.layout;
    const most = Math.max(...sections.map((section) => section.count));
    const marks = [];
    let year = null;
    let lastLabel = -99;
    let lastTick = -99;
    for (const section of sections) {
      const y = (section.top / this.layout.height) * height;
      const its = section.value ? section.value.slice(0, 4) : "–";
      if (its !== year && y - lastLabel > 20 && y < height - 12) {
        marks.push(mark("year", its, y));
        lastLabel = lastTick = y;
      } else if (y - lastTick > 4 && y - lastLabel > 16) {
        const tick = mark("tick", "", y);
        tick.style.width = `${4 + 12 * Math.sqrt(section.count / most)}px`;
        marks.push(tick);
        lastTick = y;
      }
      year = its;
    }
    this.marks.replaceChildren(...marks);
    this.at(this.y ?? 0);
  }

  /** The grid stands at `y` of its whole; at the end what is last may be too short to stand at the top. */
  at(y, ended = false) {
    this.y = y;
    if (!this.layout?.width) return;
    const section = ended ? this.layout.sections.at(-1) : this.layout.sectionAt(y);
    const share = (ended ? this.layout.height : y) / Math.max(1, this.layout.height);
    this.thumb.style.transform = `translateY(${Math.round(share * this.rail.clientHeight)}px)`;
    if (section === this.said) return;
    this.said = section;
    this.rail.setAttribute("aria-valuemax", String(this.layout.sections.length - 1));
    this.rail.setAttribute("aria-valuenow", String(section.index));
    this.rail.setAttribute("aria-valuetext", this.textOf(section));
  }

  textOf(section) {
    return `${this.name(section)}, ${fill(this.counted, { count: section.count.toLocaleString(document.documentElement.lang) })}`;
  }

  yOf(event) {
    const box = this.rail.getBoundingClientRect();
    return Math.max(0, Math.min(1, (event.clientY - box.top) / box.height)) * this.layout.height;
  }

  grasp(event) {
    if (!this.layout || event.button) return;
    event.preventDefault();
    this.rail.setPointerCapture(event.pointerId);
    this.grasped = true;
    this.rail.classList.add("grasped");
    this.jump(event);
    const move = (each) => this.jump(each);
    const end = () => {
      this.grasped = false;
      this.rail.classList.remove("grasped");
      this.rail.removeEventListener("pointermove", move);
      this.hideLabel();
    };
    this.rail.addEventListener("pointermove", move);
    this.rail.addEventListener("pointerup", end, { once: true });
    this.rail.addEventListener("pointercancel", end, { once: true });
  }

  jump(event) {
    this.hover(event);
    const y = this.yOf(event);
    cancelAnimationFrame(this.frame);
    this.frame = requestAnimationFrame(() => this.go(y));
  }

  hover(event) {
    if (!this.layout) return;
    const y = this.yOf(event);
    this.label.hidden = false;
    this.label.textContent = this.textOf(this.layout.sectionAt(y));
    this.label.style.transform = `translateY(${Math.round((y / this.layout.height) * this.rail.clientHeight)}px)`;
  }

  hideLabel() {
    this.label.hidden = true;
  }

  key(event) {
    if (!this.layout || event.ctrlKey || event.metaKey || event.altKey) return;
    const { sections } = this.layout;
    const own = (this.said ?? sections[0]).index;
    const steps = { ArrowDown: 1, ArrowUp: -1, ArrowRight: 1, ArrowLeft: -1, PageDown: 12, PageUp: -12, Home: -Infinity, End: Infinity };
    if (!(event.key in steps)) return;
    event.preventDefault();
    this.go(sections[Math.max(0, Math.min(sections.length - 1, own + steps[event.key]))].top);
  }
}

function mark(kind, text, y) {
  const element = h("span", { class: kind }, text);
  element.style.transform = `translateY(${Math.round(y)}px)`;
  return element;
}
