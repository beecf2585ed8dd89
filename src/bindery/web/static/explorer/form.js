// The form of one operation, made from the API model.

import { fill, h } from "../dom.js";
import { makeEditor, row } from "./editors.js";
import { makeQueryEditor } from "./query.js";

export class CallForm {
  /** `changed` is called whenever a value changes; `pick(name, values)` gives a datalist for a name, or null. */
  constructor(root, texts, changed, pick) {
    this.root = root;
    this.texts = texts;
    this.changed = changed;
    this.pick = pick;
    this.editors = new Map();
  }

  /** Shows the form of another operation with these values. */
  load(description, values) {
    this.description = description;
    this.editors.clear();
    const context = {
      structs: description.structs,
      queryFields: description.queryFields,
      texts: this.texts,
      changed: () => this.changed(),
      pick: (name) => this.pick(name, () => this.values),
      makeQuery: makeQueryEditor,
    };
    const rows = description.parameters.map((parameter) => {
      const editor = withJson(parameter, (own) => makeEditor(parameter.type, parameter.name, parameter, own), context);
      this.editors.set(parameter.name, editor);
      const shown = row(parameter, parameter.name, editor);
      const hint = hintOf(parameter, this.texts);
      if (hint) shown.append(h("p", { class: "hint" }, hint));
      shown.append(h("p", { class: "problem", id: "problem-" + parameter.name, hidden: true }));
      return shown;
    });
    this.root.replaceChildren(...(rows.length ? rows : [h("p", { class: "quiet" }, this.texts.no_parameters)]));
    for (const [name, editor] of this.editors) if (values[name] !== undefined) editor.set(values[name]);
  }

  /** Everything that is filled in, by name. */
  get values() {
    const values = {};
    for (const [name, editor] of this.editors) {
      const value = editor.get();
      if (value !== undefined) values[name] = value;
    }
    return values;
  }

  set values(values) {
    for (const [name, editor] of this.editors) editor.set(values[name]);
  }

  /** Marks what is missing or out of range; whether all is well. The server has the last word. */
  check() {
    const values = this.values;
    let first = null;
    for (const parameter of this.description.parameters) {
      const problem = problemOf(parameter, values[parameter.name], this.texts);
      const shown = document.getElementById("problem-" + parameter.name);
      shown.textContent = problem;
      shown.hidden = !problem;
      if (problem) first ??= shown.closest(".field");
    }
    first?.querySelector("input, select, textarea, summary")?.focus();
    return first === null;
  }
}

function hintOf(parameter, texts) {
  const parts = [parameter.description];
  if (parameter.minimum !== undefined && parameter.maximum !== undefined) parts.push(fill(texts.range, parameter));
  else if (parameter.minimum !== undefined) parts.push(fill(texts.least, parameter));
  else if (parameter.maximum !== undefined) parts.push(fill(texts.most, parameter));
  if (parameter.maxLength !== undefined) parts.push(fill(texts.longest, parameter));
  if (parameter.maxBytes !== undefined) parts.push(fill(texts.bytes, parameter));
  if (parameter.maxItems !== undefined) parts.push(fill(texts.items, parameter));
  if (parameter.default !== undefined) parts.push(fill(texts.default, parameter));
  if (parameter.example !== undefined) parts.push(fill(texts.example, { example: typeof parameter.example === "object" ? JSON.stringify(parameter.example) : parameter.example }));
  return parts.filter(Boolean).join(" ");
}

function problemOf(parameter, value, texts) {
  if (value === undefined) return parameter.required ? texts.missing : "";
  if (typeof value === "number") {
    if (parameter.minimum !== undefined && value < parameter.minimum) return fill(texts.least, parameter);
    if (parameter.maximum !== undefined && value > parameter.maximum) return fill(texts.most, parameter);
  }
  if (parameter.pattern && typeof value === "string" && !new RegExp(`^(?:${parameter.pattern})$`, "u").test(value)) return fill(texts.form_of, parameter);
  return "";
}

/** A tree and its JSON side by side: whichever is edited, the other follows. */
function besideJson(parameter, editor, context) {
  const problem = h("p", { class: "problem", hidden: true });
  const text = h("textarea", { rows: 10, spellcheck: "false", placeholder: parameter.example === undefined ? null : JSON.stringify(parameter.example, null, 2), "aria-label": parameter.name + " JSON", "data-testid": `json-${parameter.name}`, oninput: () => { read(); context.changed(); } });
  let typed;
  const write = (value) => { text.value = value === undefined ? "" : JSON.stringify(value, null, 2); };
  const read = () => {
    typed = undefined;
    try {
      editor.set(text.value.trim() === "" ? undefined : JSON.parse(text.value));
    } catch { typed = text.value; }
    problem.textContent = typed === undefined ? "" : context.texts.no_json;
    problem.hidden = typed === undefined;
  };
  const follow = () => { typed = undefined; problem.hidden = true; write(editor.get()); };
  return {
    element: h("div", { class: "beside-json" }, editor.element, h("div", {}, text, problem)),
    follow,
    get: () => typed ?? editor.get(),
    set: (value) => {
      if (typeof value === "string") { text.value = value; read(); }
      else { editor.set(value); follow(); }
    },
  };
}

/** Beside its fields every value of JSON can be written as text. */
function withJson(parameter, makeOne, context) {
  if (parameter.type === "SimpleQuery" && context.queryFields) {
    let both = null;
    const editor = makeOne({ ...context, changed: () => { both?.follow(); context.changed(); } });
    return (both = besideJson(parameter, editor, context));
  }
  const editor = makeOne(context);
  if (!parameter.json) return editor;
  const text = h("textarea", { rows: 8, hidden: true, placeholder: parameter.example === undefined ? null : JSON.stringify(parameter.example, null, 2), spellcheck: "false", "aria-label": parameter.name + " JSON", "data-testid": `json-${parameter.name}`, oninput: () => { problem.hidden = true; context.changed(); } });
  const problem = h("p", { class: "problem", hidden: true });
  const toggle = h("button", { type: "button", class: "small toggle", "aria-pressed": "false", "data-testid": `as-json-${parameter.name}`, onclick: () => show(text.hidden) }, "JSON");
  const read = () => {
    if (text.value.trim() === "") return undefined;
    try { return JSON.parse(text.value); } catch { return text.value; }
  };
  const show = (asText) => {
    if (asText) {
      const value = editor.get();
      text.value = value === undefined ? "" : JSON.stringify(value, null, 2);
    } else {
      const value = read();
      if (typeof value === "string") {
        problem.textContent = context.texts.no_json;
        problem.hidden = false;
        return;
      }
      editor.set(value);
    }
    text.hidden = !asText;
    editor.element.hidden = asText;
    toggle.setAttribute("aria-pressed", String(asText));
  };
  return {
    element: h("div", { class: "with-json" }, toggle, editor.element, text, problem),
    get: () => (text.hidden ? editor.get() : read()),
    set: (value) => {
      if (!text.hidden) text.value = value === undefined ? "" : JSON.stringify(value, null, 2);
      else if (typeof value === "string") { show(true); text.value = value; }
      else editor.set(value);
    },
  };
}
