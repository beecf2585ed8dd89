// The gallery: one query bar, facets whose counts follow it, and the grid.
import { ask, dataOf, h } from "../dom.js";
import { Grid, tileOf } from "./grid.js";

const texts = dataOf("texts");
const place = dataOf("place");
const path = `${encodeURIComponent(place.ProjectName)}/${encodeURIComponent(place.DatasetName)}`;
const by = (id) => document.getElementById(id);
const bar = by("query");
const state = { q: bar.value.trim(), sort: by("sort").value, order: "desc", token: "", asked: 0 };

function addressOf(token) {
  const values = new URLSearchParams({ q: state.q, sort: state.sort, order: state.order });
  if (token) values.set("token", token);
  return `/console/datasets/${path}/files?${values}`;
}

function lengthOf(seconds) {
  const whole = Math.round(seconds);
  const parts = [Math.floor(whole / 3600), Math.floor(whole / 60) % 60, whole % 60];
  const shown = parts[0] ? parts : parts.slice(1);
  return shown.map((part, at) => (at ? String(part).padStart(2, "0") : part)).join(":");
}

function tile(file, at) {
  const values = new URLSearchParams({ uri: file.URI, v: file.ETag ?? "" });
  const timed = file.MediaType === "video" || file.MediaType === "audio";
  return tileOf(file, at, {
    address: `/console/files/${path}?${new URLSearchParams({ uri: file.URI })}`,
    picture: `/console/thumbnails/${path}?${values}`,
    played: timed ? (file.Duration ? lengthOf(file.Duration) : "▶") : "",
  });
}

const grid = new Grid(by("gallery"), {
  tile,
  more: () => nextPage(),
  again: async (token) => (await ask(addressOf(token))).files,
});

async function nextPage() {
  const mine = state.asked;
  const token = state.token;
  let found;
  try {
    found = await ask(addressOf(token));
  } catch (error) {
    if (mine === state.asked) tellProblem(error.message);
    return;
  }
  if (mine !== state.asked) return;
  if (found.problem) return tellProblem(found.problem);
  state.token = found.next;
  if (!token) showHead(found);
  grid.add(found.files, token, !found.next);
}

function tellProblem(message) {
  by("problem").textContent = message;
  by("problem").hidden = !message;
  bar.setAttribute("aria-invalid", String(Boolean(message)));
  if (message) grid.complete = true;
}

function showHead(found) {
  by("total").textContent = (found.total ?? found.files.length).toLocaleString(document.documentElement.lang);
  by("plain").hidden = !found.words;
  by("empty").hidden = found.files.length > 0;
  by("json").textContent = found.query ? JSON.stringify(found.query, null, 2) : found.words ? `FuzzyQuery: ${found.words}` : "{}";
  by("facets").replaceChildren(...found.facets.map(facet));
}

const quoted = (value) => (/^[\w./-]+$/.test(value) ? value : `"${value.replace(/["\\]/g, "\\$&")}"`);

function facet({ field, groups }) {
  const shown = groups.filter((group) => group.Value).slice(0, 12);
  if (!shown.length) return "";
  const name = texts[`facet_${field.replace(".", "_")}`] ?? field;
  return h(
    "section",
    {},
    h("h2", {}, name),
    h(
      "ul",
      {},
      shown.map(({ Value, Count }) => {
        const condition = `${field} = ${quoted(Value)}`;
        const on = conditions(state.q).includes(condition);
        return h(
          "li",
          {},
          h(
            "button",
            { type: "button", "aria-pressed": String(on), "data-testid": `facet-${field}-${Value}`, onclick: () => choose(condition, on) },
            h("bdi", {}, Value.slice(0, 80)),
            h("span", { class: "quiet" }, Count.toLocaleString()),
          ),
        );
      }),
    ),
  );
}

const conditions = (text) => (text ? text.split(/ and (?![^(]*\))/) : []);

function choose(condition, on) {
  const kept = on ? conditions(state.q).filter((each) => each !== condition) : [state.q && wrap(state.q), condition];
  bar.value = kept.filter(Boolean).join(" and ");
  search();
}

/** An expression that holds together beside another. */
const wrap = (text) => (/\sor\s/i.test(text) && !/^\(.*\)$/.test(text) ? `(${text})` : text);

function search() {
  state.q = bar.value.trim();
  state.token = "";
  state.asked++;
  tellProblem("");
  grid.clear();
  scrollTo(0, 0);
  const values = new URLSearchParams(state.q ? { q: state.q } : {});
  history.replaceState(null, "", values.size ? `?${values}` : location.pathname);
  grid.schedule();
}

by("search").addEventListener("submit", (event) => {
  event.preventDefault();
  search();
});
bar.addEventListener("search", () => bar.value.trim() !== state.q && search());
by("sort").addEventListener("change", (event) => {
  state.sort = event.target.value;
  search();
});
by("order").addEventListener("click", (event) => {
  state.order = state.order === "desc" ? "asc" : "desc";
  event.currentTarget.setAttribute("aria-pressed", String(state.order === "asc"));
  search();
});
grid.schedule();
