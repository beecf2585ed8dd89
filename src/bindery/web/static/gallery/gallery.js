// The gallery: what is searched for, and the grid of what is found.
import { ask, dataOf } from "../dom.js";
import { Grid, tileOf } from "./grid.js";
import { Search } from "./search.js";

const place = dataOf("place");
const path = `${encodeURIComponent(place.ProjectName)}/${encodeURIComponent(place.DatasetName)}`;
const by = (id) => document.getElementById(id);
const state = { sort: by("sort").value, order: "desc", token: "", asked: 0 };
const search = new Search({ base: `/console/datasets/${path}/`, texts: dataOf("search-texts"), run: () => start(), sort: () => state.sort });

function addressOf(token) {
  const values = new URLSearchParams({ q: search.q, sort: state.sort, order: state.order });
  if (token) values.set("token", token);
  return `/console/datasets/${path}/files?${values}`;
}

/** What the page of a file needs to know its neighbours here. */
function shownIn() {
  const usual = by("sort").options[0].value;
  return {
    ...(search.q && { q: search.q }),
    ...(state.sort !== usual && { sort: state.sort }),
    ...(state.order !== "desc" && { order: state.order }),
  };
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
    address: `/console/files/${path}?${new URLSearchParams({ uri: file.URI, ...shownIn() })}`,
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
  if (found.problem) return tellProblem(found.problem.message);
  state.token = found.next;
  if (!token) showHead(found);
  grid.add(found.files, token, !found.next);
}

function tellProblem(message) {
  by("problem").textContent = message;
  by("problem").hidden = !message;
  if (message) grid.complete = true;
}

function showHead(found) {
  by("total").textContent = (found.total ?? found.files.length).toLocaleString(document.documentElement.lang);
  by("empty").hidden = found.files.length > 0;
  search.found(found);
}

function start() {
  state.token = "";
  state.asked++;
  tellProblem("");
  grid.clear();
  scrollTo(0, 0);
  grid.schedule();
}

by("sort").addEventListener("change", (event) => {
  state.sort = event.target.value;
  start();
});
by("order").addEventListener("click", (event) => {
  state.order = state.order === "desc" ? "asc" : "desc";
  event.currentTarget.setAttribute("aria-pressed", String(state.order === "asc"));
  start();
});
grid.schedule();
