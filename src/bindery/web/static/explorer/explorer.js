// The explorer: choose an operation, fill its form, send, read the answer.

import { ask, dataOf, debounce, fill, h, problem, tabs } from "../dom.js";
import { jsonTree } from "../json_tree.js";
import { CallForm } from "./form.js";
import { readPasted } from "./pasted.js";
import { makePicker } from "./picker.js";

const texts = dataOf("texts");
const SECRET = /secret|password|securitytoken/i;
const HISTORY = "explorer-history";
const POLL_MILLISECONDS = 1000;
const element = (id) => document.getElementById(id);
const showTab = tabs(element("result-tabs"));
const descriptions = new Map();
let chosen = dataOf("chosen");
let polling = null;
let wanted = null; // the operation that is to be shown, once its description has come
descriptions.set(chosen.id, chosen);

const remember = debounce(() => history.replaceState(null, "", addressOf(chosen, form.values)), 150);
const form = new CallForm(element("call"), texts, () => { remember(); document.dispatchEvent(new CustomEvent("call-changed")); }, makePicker());

/** What the code panel shows code for. */
export const call = () => ({ operation: chosen.id, values: form.values });

function addressOf(operation, values) {
  const shared = Object.fromEntries(Object.entries(values).filter(([name]) => !SECRET.test(name)));
  const path = `/explorer/${operation.product}/${operation.name}`;
  return Object.keys(shared).length ? path + "#" + encodeURIComponent(JSON.stringify(shared)) : path;
}

function valuesInAddress() {
  try {
    const values = JSON.parse(decodeURIComponent(location.hash.slice(1)));
    return values && typeof values === "object" ? values : {};
  } catch { return {}; }
}

function show(description, values) {
  stopPolling();
  chosen = description;
  element("operation-name").textContent = description.name;
  element("operation-does").textContent = description.description;
  element("operation-facts").replaceChildren(...[
    h("code", {}, description.action), ` · ${description.level} · ${description.product.toUpperCase()} ${description.version} · `,
    h("a", { href: `/docs/${description.product}/${description.name}` }, texts.reference),
    description.extension ? h("span", { class: "tag accent" }, texts.extension) : null,
    description.built ? null : h("span", { class: "tag warn" }, texts.unbuilt),
  ].filter(Boolean));
  element("operation-refused").textContent = description.refused;
  element("operation-refused").hidden = !description.refused;
  form.load(description, values);
  for (const link of document.querySelectorAll("#operation-list a")) {
    if (link.dataset.id === description.id) {
      link.setAttribute("aria-current", "page");
      link.closest("details").open = true;
    } else link.removeAttribute("aria-current");
  }
  document.title = `${description.name} · Bindery`;
  document.dispatchEvent(new CustomEvent("call-changed"));
}

/** Shows the form of an operation; whether it is shown: not when another one has been chosen meanwhile. */
async function choose(product, name, values, push = true) {
  const id = `${product}:${name}`;
  const mine = (wanted = {});
  try {
    if (!descriptions.has(id)) descriptions.set(id, await ask(`/explorer/${product}/${name}/model`));
  } catch (error) {
    if (mine === wanted) tellProblem(error);
    return false;
  }
  if (mine !== wanted) return false;
  const description = descriptions.get(id);
  const kept = values ?? Object.fromEntries(Object.entries(form.values).filter(([key]) => description.parameters.some((parameter) => parameter.name === key)));
  if (push) history.pushState(null, "", addressOf(description, kept));
  show(description, kept);
  return true;
}

async function send({ again = false } = {}) {
  if (!form.check()) return null;
  const values = form.values;
  const operation = chosen;
  const button = element("send");
  button.disabled = true;
  element("panel-answer").setAttribute("aria-busy", "true");
  try {
    const result = await ask("/explorer/send", { operation: operation.id, values });
    if (!again) note(operation, values, result);
    showResult(operation, values, result);
    return result;
  } catch (error) {
    tellProblem(error);
    return null;
  } finally {
    button.disabled = false;
    element("panel-answer").removeAttribute("aria-busy");
  }
}

function tellProblem(error) {
  element("panel-answer").replaceChildren(problem(error.message));
  showTab("tab-answer");
}

function showResult(operation, values, result) {
  const body = parsed(result.body);
  const good = result.status < 300;
  const head = h("p", { class: "row status" },
    h("strong", { class: "tag " + (good ? "good" : "bad"), "data-testid": "response-status" }, `${result.status} ${result.reason}`),
    h("span", { class: "quiet" }, fill(texts.took, { milliseconds: (result.seconds * 1000).toFixed(1), size: result.size })),
    progressOf(body), follow(operation, values, body));
  const explanation = result.explanation && h("div", { class: "card explanation" }, h("h3", {}, body?.Code ?? ""), h("p", {}, fill(texts.means, { text: result.explanation.means })), result.explanation.do ? h("p", {}, fill(texts.do, { text: result.explanation.do })) : null);
  const raw = h("pre", { hidden: true, "data-testid": "response-body" }, body === undefined ? result.body : JSON.stringify(body, null, 2));
  const tree = body === undefined ? null : jsonTree(body, texts);
  const asText = h("button", { type: "button", class: "small", "aria-pressed": "false", onclick: () => {
    raw.hidden = !raw.hidden;
    tree.hidden = !raw.hidden;
    asText.setAttribute("aria-pressed", String(!raw.hidden));
  } }, texts.as_text);
  if (!tree) raw.hidden = false;
  element("panel-answer").replaceChildren(...[head, explanation, tree && asText, tree, raw].filter(Boolean));
  const headers = (held) => Object.entries(held).map(([name, value]) => `${name}: ${value}`).join("\n");
  element("panel-request").replaceChildren(
    h("h3", {}, texts.request), h("pre", {}, `${result.request.method} ${result.request.target}\n${headers(result.request.headers)}${result.request.body ? "\n\n" + result.request.body : ""}`),
    h("h3", {}, texts.answer), h("pre", {}, `${result.status} ${result.reason}\n${headers(result.headers)}`));
  showTab("tab-answer");
}

/** How far the work is that an answer tells of; null when it tells of none, or all is done. */
function progressOf(body) {
  if (!body || (!body.Status && !body.Binding) || isDone(body)) return null;
  const books = body.Binding?.Progress;
  const [value, max] = books ? [books.Listed - books.Pending, Math.max(1, books.Listed)] : [body.Progress ?? 0, 100];
  return h("progress", { value, max, "aria-label": texts.wait, "data-testid": "work-progress" });
}

/** The next page of a list, or waiting until work is done: also until what a call has begun is done. */
function follow(operation, values, body) {
  const token = operation.pages && body?.[operation.pages];
  if (token) return h("button", { type: "button", "data-testid": "next-page", onclick: () => { form.values = { ...values, [operation.pages]: token }; remember(); send(); } }, texts.next_page);
  if (polling) return h("button", { type: "button", "data-testid": "stop-waiting", onclick: stopPolling }, texts.stop_waiting);
  if (isWork(operation, body) && !isDone(body)) return h("button", { type: "button", "data-testid": "wait", onclick: () => poll(operation, values) }, texts.wait);
  if (body?.TaskId && operation.name !== "GetTask") return waitFor("GetTask", { ProjectName: values.ProjectName, TaskId: body.TaskId, TaskType: body.TaskId.split("-")[0] });
  if (operation.name === "CreateBinding" && body?.Binding) return waitFor("GetBinding", { ProjectName: values.ProjectName, DatasetName: values.DatasetName, URI: values.URI });
  return null;
}

function waitFor(name, values) {
  return h("button", { type: "button", "data-testid": "wait", onclick: async () => { if (await choose("imm", name, values)) poll(chosen, values); } }, texts.wait);
}

const isWork = (operation, body) => (operation.name === "GetTask" && body?.Status) || (operation.name === "GetBinding" && body?.Binding);

function isDone(body) {
  const binding = body.Binding;
  if (binding) return binding.Phase === "IncrementalScanning" || ["Stopped", "Failed"].includes(binding.State);
  return body.Status !== "Running";
}

async function poll(operation, values) {
  const mine = (polling = {});
  let again = false;
  while (polling === mine) {
    const result = await send({ again });
    again = true;
    const body = result && parsed(result.body);
    if (!body || result.status >= 300 || isDone(body)) {
      stopPolling();
      if (body) showResult(operation, values, result);
      return;
    }
    await new Promise((resolve) => setTimeout(resolve, POLL_MILLISECONDS));
  }
}

function stopPolling() {
  polling = null;
}

function parsed(text) {
  try { return JSON.parse(text); } catch { return undefined; }
}

function note(operation, values, result) {
  const kept = Object.fromEntries(Object.entries(values).filter(([name]) => !SECRET.test(name)));
  const calls = [{ product: operation.product, name: operation.name, values: kept, status: result.status, time: new Date().toISOString() }, ...noted()];
  try { sessionStorage.setItem(HISTORY, JSON.stringify(calls.slice(0, 50))); } catch { sessionStorage.removeItem(HISTORY); }
}

function noted() {
  return parsed(sessionStorage.getItem(HISTORY) ?? "[]") ?? [];
}

element("operation-search").addEventListener("input", (event) => {
  const wanted = event.target.value.trim().toLowerCase();
  let any = false;
  for (const family of document.querySelectorAll("#operation-list .family")) {
    let some = false;
    for (const link of family.querySelectorAll("a")) {
      const fits = link.textContent.toLowerCase().includes(wanted) || family.querySelector("summary").textContent.toLowerCase().includes(wanted);
      link.parentElement.hidden = !fits;
      some ||= fits;
    }
    family.hidden = !some;
    if (wanted) family.open = some;
    any ||= some;
  }
  element("nothing-found").hidden = any;
});
element("operation-search").addEventListener("keydown", (event) => {
  if (event.key !== "Enter" && event.key !== "ArrowDown") return;
  const first = [...document.querySelectorAll("#operation-list .family:not([hidden]) li:not([hidden]) a")][0];
  if (!first) return;
  event.preventDefault();
  event.key === "Enter" ? first.click() : first.focus();
});
element("operation-list").addEventListener("click", (event) => {
  const link = event.target.closest("a");
  if (!link || event.metaKey || event.ctrlKey || event.shiftKey) return;
  event.preventDefault();
  const [product, name] = link.dataset.id.split(":");
  choose(product, name);
});
addEventListener("popstate", () => {
  const [, , product, name] = location.pathname.split("/");
  if (product && name) choose(product, name, valuesInAddress(), false);
});
element("call").addEventListener("submit", (event) => {
  event.preventDefault();
  stopPolling();
  send();
});
element("call").addEventListener("keydown", (event) => {
  if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) send();
});
element("clear").addEventListener("click", () => { form.load(chosen, {}); remember(); document.dispatchEvent(new CustomEvent("call-changed")); });
element("paste").addEventListener("click", () => { element("paste-problem").hidden = true; element("paste-dialog").showModal(); });
element("take-pasted").addEventListener("click", (event) => {
  event.preventDefault();
  try {
    const { action, values } = readPasted(element("pasted").value);
    const link = action && [...document.querySelectorAll("#operation-list a")].find((each) => each.dataset.id.endsWith(":" + action));
    if (action && !link) throw new Error(action);
    const [product, name] = (link?.dataset.id ?? chosen.id).split(":");
    choose(product, name, values);
    element("paste-dialog").close();
  } catch {
    element("paste-problem").textContent = texts.not_pasted;
    element("paste-problem").hidden = false;
  }
});
element("history").addEventListener("click", () => {
  const calls = noted();
  element("history-list").replaceChildren(...(calls.length ? calls.map((each) => h("li", {}, h("button", { type: "button", class: "link", onclick: () => { element("history-dialog").close(); choose(each.product, each.name, each.values); } }, h("span", { class: "tag " + (each.status < 300 ? "good" : "bad") }, each.status), ` ${each.name} `, h("span", { class: "quiet" }, new Date(each.time).toLocaleTimeString())))) : [h("li", { class: "quiet" }, texts.no_history)]));
  element("history-dialog").showModal();
});

show(chosen, valuesInAddress());
