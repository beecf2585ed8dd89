// Small helpers that all pages share. No text ever becomes markup.

/** An element with attributes, listeners (`onclick`) and children; null and false are left out. */
export function h(tag, attributes = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (value === null || value === undefined || value === false) continue;
    if (name.startsWith("on")) element.addEventListener(name.slice(2), value);
    else if (name === "value") element.value = value;
    else element.setAttribute(name, value === true ? "" : value);
  }
  element.append(...children.flat().filter((child) => child !== null && child !== undefined && child !== false));
  return element;
}

/** What has gone wrong, said at once; words that are not there are left out. */
export function problem(...words) {
  return h("p", { class: "problem", role: "alert" }, words.filter(Boolean).join(" "));
}

/** What a page was given as data. */
export function dataOf(id) {
  return JSON.parse(document.getElementById(id).textContent);
}

/** A text with its braces filled in. */
export function fill(text, values) {
  return text.replace(/\{(\w+)\}/g, (whole, name) => (name in values ? String(values[name]) : whole));
}

const said = (name) => document.querySelector(`meta[name="${name}"]`)?.content ?? "";

/** What is sent with a body: that of a form goes as it is. */
function posted(body) {
  if (body === undefined) return {};
  if (body instanceof URLSearchParams) return { method: "POST", body };
  return { method: "POST", body: JSON.stringify(body), headers: { "content-type": "application/json", "x-csrf-token": said("csrf") } };
}

/** An answer and its JSON. Throws an Error that a reader understands when nothing comes, or what a proxy has written. */
async function answered(path, options) {
  try {
    const answer = await fetch(path, options);
    return { answer, content: await answer.json() };
  } catch (error) {
    throw error.name === "AbortError" ? error : Object.assign(new Error(said("unreachable")), { passing: true });
  }
}

/** JSON from this server. Throws an Error with `code`, and `passing` when the same may work in a moment; goes to the
 * sign-in page when the session is over. */
export async function ask(path, body, { signal } = {}) {
  const { headers, ...sent } = posted(body);
  const { answer, content } = await answered(path, { ...sent, headers: { accept: "application/json", ...headers }, signal });
  if (answer.ok) return content;
  if (answer.status === 401) location.assign("/sign-in?to=" + encodeURIComponent(location.pathname + location.search));
  throw Object.assign(new Error(content.Message ?? answer.statusText), { code: content.Code, passing: answer.status === 503 });
}

/** Like `ask`, one question at a time: a new one ends the one before it, which fails with an AbortError then. */
export function latest() {
  let asked = null;
  return (path, body) => {
    asked?.abort();
    asked = new AbortController();
    return ask(path, body, { signal: asked.signal });
  };
}

/** Begins what `element` shows of one action: the last that was begun, for an earlier one may end later. */
export function lastShown(element) {
  let last = null;
  return () => {
    const show = (...parts) => { if (show === last) element.replaceChildren(...parts); };
    return (last = show);
  };
}

/** Fills a datalist with the names of a kind that exist, by the last question. */
export function offering(list) {
  const ask = latest();
  return async (kind, query) => {
    try {
      const names = await ask(`/explorer/offered/${kind}?${query}`);
      list.replaceChildren(...names.map((value) => h("option", { value })));
    } catch (error) {
      if (error.name !== "AbortError") list.replaceChildren();
    }
  };
}

/** Waits while a button in `element` is pressed: one that is exchanged under the finger is never clicked. */
export async function released(element) {
  while (element.matches(":active")) await new Promise((resume) => setTimeout(resume, 20));
}

/** Calls `work` when a fold opens, also when it was opened before this script came. */
export function whenOpen(fold, work) {
  fold.addEventListener("toggle", () => fold.open && work());
  if (fold.open) work();
}

/** Calls `work` when nothing has happened for so many milliseconds. */
export function debounce(work, milliseconds) {
  let timer;
  return (...values) => {
    clearTimeout(timer);
    timer = setTimeout(() => work(...values), milliseconds);
  };
}

/** Tabs by the pattern of the ARIA guide: arrows move, one is shown. */
export function tabs(list, chosen = () => {}) {
  const buttons = [...list.querySelectorAll('[role="tab"]')];
  const choose = (button, focus) => {
    for (const each of buttons) {
      const on = each === button;
      each.setAttribute("aria-selected", String(on));
      each.tabIndex = on ? 0 : -1;
      const panel = document.getElementById(each.getAttribute("aria-controls"));
      if (panel) panel.hidden = !on;
    }
    if (focus) button.focus();
    chosen(button);
  };
  for (const button of buttons) {
    button.addEventListener("click", () => choose(button));
    button.addEventListener("keydown", (event) => {
      const step = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
      if (!step) return;
      event.preventDefault();
      choose(buttons[(buttons.indexOf(button) + step + buttons.length) % buttons.length], true);
    });
  }
  return (id) => choose(document.getElementById(id));
}

/** Puts a text on the clipboard, and says so on the button. */
export async function copy(text, button, done) {
  await navigator.clipboard.writeText(text);
  const before = button.textContent;
  button.textContent = done;
  setTimeout(() => (button.textContent = before), 1200);
}
