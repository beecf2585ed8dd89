// The gallery: what is searched for, and the grid of what is found.
import { dataOf, debounce } from "../dom.js";
import { Bulk } from "./bulk.js";
import { Grid } from "./grid.js";
import { Scrubber } from "./scrubber.js";
import { Search } from "./search.js";
import { Selection } from "./selection.js";
import { Source } from "./source.js";
import { Tiles } from "./tile.js";

const texts = dataOf("texts");
const place = dataOf("place");
const path = `${encodeURIComponent(place.ProjectName)}/${encodeURIComponent(place.DatasetName)}`;
const base = `/console/datasets/${path}/`;
const by = (id) => document.getElementById(id);
const language = document.documentElement.lang;
const months = new Intl.DateTimeFormat(language, { year: "numeric", month: "long", timeZone: "UTC" });
let arriving = true; // the address says the order; while somebody searches it is the page that does
addEventListener("popstate", () => (arriving = true));
const search = new Search({ base, texts: dataOf("search-texts"), run: () => start(), sort: () => by("sort").value });
const source = new Source(base, tellProblem);
const tiles = new Tiles({ path, texts, shownIn });
const grid = new Grid(by("gallery"), {
  source: Object.assign(source, { arrived: () => grid.arrived(), grown: () => grid.grown() }),
  tile: (file, rank) => selection.dress(tiles.make(file, rank, selection.total), rank),
  head,
  moved,
});
const selection = new Selection({ frame: by("gallery"), grid, source, texts });
new Bulk({ base, name: place.DatasetName, selection, texts, done: changed });
const scrubber = new Scrubber(by("scrubber"), { go: (y) => grid.goToTop(y), name: nameOf, counted: texts.counted });

/** What the page of a file needs to know its neighbours here. */
function shownIn() {
  return {
    ...(search.q && { q: search.q }),
    ...(by("sort").selectedIndex > 0 && { sort: by("sort").value }),
    ...(orderOf() === "asc" && { order: "asc" }),
  };
}

/** A month as people say it. */
function nameOf({ value }) {
  if (value === undefined) return "";
  if (!value) return texts.undated;
  return months.format(new Date(`${value}-01T00:00:00Z`));
}

function head(section) {
  const element = document.createElement("span");
  element.textContent = nameOf(section);
  element.dataset.count = section.count.toLocaleString(language);
  return element;
}

function tellProblem(message) {
  by("problem").textContent = message;
  by("problem").hidden = !message;
}

// the address: query, order, and the date that stands at the top

function readAddress() {
  const values = new URLSearchParams(location.search);
  if (arriving) {
    const known = [...by("sort").options].map((each) => each.value);
    by("sort").selectedIndex = Math.max(0, known.indexOf(values.get("sort")));
    by("order").setAttribute("aria-pressed", String(values.get("order") === "asc"));
  }
  const place = { at: values.get("at") ?? "", place: history.state?.place };
  if (!arriving && !place.at) writeAddress({ top: false });
  arriving = false;
  return place;
}

const MONTH = "0000-00".length;
let vague = false; // the address names a month, for the files at the top had not come when it was written
const orderOf = () => (by("order").getAttribute("aria-pressed") === "true" ? "asc" : "desc");

function writeAddress({ pushed = false, top: shown = !pushed } = {}) {
  const values = new URLSearchParams(search.q ? { q: search.q } : {});
  if (by("sort").selectedIndex > 0) values.set("sort", by("sort").value);
  if (orderOf() === "asc") values.set("order", "asc");
  const top = shown && grid.track.at > 20 ? grid.place : null;
  const date = top && dateAtTop(top);
  vague = date?.length === MONTH;
  if (date) values.set("at", date);
  history[pushed ? "pushState" : "replaceState"](top ? { place: top } : null, "", values.size ? `?${values}` : location.pathname);
}

/** The day of the first file in sight, as far as it is known; else its month. */
function dateAtTop(top) {
  const section = grid.layout.sections[top.index];
  if (!section?.value) return section && section.value === "" ? "none" : "";
  const rank = grid.firstShown;
  const time = rank === null ? "" : (grid.fileAt(rank)?.[by("sort").value] ?? "");
  return time.startsWith(section.value) ? time.slice(0, 10) : section.value;
}

/** Goes to a date: its day in its month by how many files of that month are before it. */
async function goToDate(at) {
  const { sections } = grid.layout;
  const month = at === "none" ? "" : at.slice(0, 7);
  const descending = orderOf() === "desc";
  let section = sections.find((each) => each.value === month);
  section ??= sections.find((each) => each.value && (descending ? each.value < month : each.value > month));
  if (!section) return;
  const whole = { value: section.value, index: section.index, part: 0 };
  if (at.length === 10 && section.value === month) {
    const { layout } = grid;
    const days = await source.get("sections", { interval: "day", from: section.from, to: section.to }).catch(() => null);
    if (layout !== grid.layout) return; // another search has come
    const before = (days?.sections ?? []).filter((day) => (descending ? day.value > at : day.value < at));
    const width = before.reduce((all, day) => all + day.ratios, 0);
    whole.part = before.length ? (grid.layout.head + (width / section.ratios) * section.body) / section.height : 0;
  }
  grid.goTo(whole);
}

// beginning, and moving

/** After work on files: what is found may be other files now. Those that only have another label stay chosen. */
function changed(action) {
  if (action !== "delete" && !search.q) return;
  writeAddress();
  start();
}

async function start({ pushed = false } = {}) {
  if (pushed) writeAddress({ pushed });
  selection.clear();
  const { at, place: before } = readAddress();
  tellProblem("");
  by("gallery").setAttribute("aria-busy", "true");
  const found = await source.begin({ q: search.q, sort: by("sort").value, order: orderOf() }).catch((problem) => ({ problem }));
  if (!found) return;
  by("gallery").removeAttribute("aria-busy");
  if (found.problem) return tellProblem(found.problem.message);
  by("total").replaceChildren((found.total ?? found.layout.count).toLocaleString(language)); // a new text has not moved
  by("total").parentElement.classList.add("said");
  by("empty").hidden = found.layout.count > 0;
  selection.clear(); // what was chosen meanwhile was found by the search before
  search.found(found);
  grid.show(found.layout);
  scrubber.show(found.layout);
  if (before) grid.goTo(before);
  else if (at && found.sections) await goToDate(at);
  else scrollTo(0, 0);
}

const keep = debounce(() => writeAddress(), 250);

function moved(_, rested) {
  scrubber.at(grid.track.at, grid.track.end > 0 && grid.track.at >= grid.track.end - 1);
  if (rested || vague) keep();
}

by("sort").addEventListener("change", () => start({ pushed: true }));
by("order").addEventListener("click", (event) => {
  event.currentTarget.setAttribute("aria-pressed", String(orderOf() === "desc"));
  start({ pushed: true });
});

// keys

function key(event) {
  const { current } = grid;
  const last = grid.layout.count - 1;
  let to = {
    ArrowRight: current + 1,
    ArrowLeft: current - 1,
    ArrowDown: () => grid.beside(current, 1),
    ArrowUp: () => grid.beside(current, -1),
    Home: 0,
    End: last,
  }[event.key];
  if (to !== undefined) to = Math.max(0, Math.min(last, typeof to === "function" ? to() : to));
  if (selection.key(event, to) || event.ctrlKey || event.metaKey || event.altKey || to === undefined) return;
  event.preventDefault();
  grid.focus(to);
}

by("gallery").addEventListener("keydown", key);
document.addEventListener("keydown", (event) => {
  const elsewhere = event.target.closest?.("input, textarea, select, dialog, [data-testid=gallery]");
  if (elsewhere || event.defaultPrevented) return;
  if (event.key === "Escape" || (event.target === document.body && event.key.toLowerCase() === "a")) selection.key(event);
});
by("gallery").addEventListener("click", (event) => {
  if (event.target.closest("a") && !event.defaultPrevented) writeAddress(); // the way back leads to this place
});
history.scrollRestoration = "manual";
start();
