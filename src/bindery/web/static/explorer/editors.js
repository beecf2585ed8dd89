// Editors for the types of the API model. Each has `element`, `get()` (undefined: nothing given) and `set(value)`.

import { h } from "../dom.js";

const SIMPLE = new Set(["string", "integer", "float", "boolean", "any"]);
const LONG = /Policy|Document|Description|UserData|Notification$/;

/** `context`: {structs, queryFields, texts, changed(), pick(name)}; `path`: where the value stands, for test ids. */
export function makeEditor(type, path, rule, context) {
  if (type === "SimpleQuery" && context.queryFields) return context.makeQuery(path, context);
  if (type.startsWith("array<")) return arrayEditor(type.slice(6, -1), path, rule, context);
  if (type.startsWith("map<")) return mapEditor(type.slice(type.indexOf(",") + 1, -1).trim(), path, context);
  if (!SIMPLE.has(type) && context.structs[type]) return structEditor(context.structs[type], path, context);
  if (type === "boolean") return choiceEditor(["true", "false"], path, context, (text) => text === "true");
  if (rule.values) return choiceEditor(rule.values, path, context, (text) => text);
  if (type === "integer" || type === "float") return numberEditor(type, path, rule, context);
  if (type === "any") return anyEditor(path, context);
  return textEditor(path, rule, context);
}

const idOf = (path) => "param-" + path;

function inputAttributes(path, context, more) {
  return { id: idOf(path), "data-testid": idOf(path), oninput: context.changed, spellcheck: "false", autocapitalize: "off", ...more };
}

/** What holds when nothing is given, else what somebody might give. */
function placeholderOf(rule) {
  const shown = rule.default ?? rule.example;
  return shown === undefined || typeof shown === "object" ? null : String(shown);
}

function textEditor(path, rule, context) {
  const name = path.split(".").filter((part) => !/^\d+$/.test(part)).pop();
  const options = LONG.test(name) ? null : context.pick(name);
  const element = LONG.test(name)
    ? h("textarea", inputAttributes(path, context, { rows: 3, placeholder: placeholderOf(rule) }))
    : h("input", inputAttributes(path, context, { type: "text", placeholder: placeholderOf(rule), maxlength: rule.maxLength ?? null, list: options?.list.id ?? null, onfocus: options?.load }));
  return simple(element, (text) => text, options ? [element, options.list] : [element]);
}

function numberEditor(type, path, rule, context) {
  const element = h("input", inputAttributes(path, context, {
    type: "text", inputmode: type === "integer" ? "numeric" : "decimal",
    placeholder: placeholderOf(rule),
  }));
  return simple(element, (text) => (/^-?\d+(\.\d+)?$/.test(text) && Number.isSafeInteger(Math.trunc(Number(text))) ? Number(text) : text), [element]);
}

function anyEditor(path, context) {
  const element = h("input", inputAttributes(path, context, { type: "text" }));
  const editor = simple(element, (text) => { try { return JSON.parse(text); } catch { return text; } }, [element]);
  editor.set = (value) => (element.value = value === undefined ? "" : typeof value === "string" ? value : JSON.stringify(value));
  return editor;
}

function choiceEditor(values, path, context, read) {
  const element = h("select", inputAttributes(path, context, { onchange: context.changed }), h("option", { value: "" }, "—"), values.map((value) => h("option", { value }, value)));
  return simple(element, read, [element]);
}

function simple(input, read, parts) {
  const element = parts.length === 1 ? input : h("span", { class: "with-list" }, ...parts);
  return {
    element, input,
    get: () => (input.value === "" ? undefined : read(input.value)),
    set: (value) => {
      const text = value === undefined || value === null ? "" : typeof value === "object" ? JSON.stringify(value) : String(value);
      if (input.tagName === "SELECT" && text && ![...input.options].some((option) => option.value === text)) input.append(h("option", { value: text }, text));
      input.value = text;
    },
  };
}

function structEditor(fields, path, context) {
  const element = h("div", { class: "struct" });
  const editors = {};
  let opened = false;
  // Structs may hold themselves: what is inside is made when somebody looks.
  const open = () => {
    if (opened) return;
    opened = true;
    for (const field of fields) {
      const editor = (editors[field.name] = makeEditor(field.type, `${path}.${field.name}`, {}, context));
      const shown = row(field, `${path}.${field.name}`, editor);
      if (field.description) shown.append(h("p", { class: "hint" }, field.description));
      element.append(shown);
    }
  };
  const details = h("details", { class: "nested", "data-testid": `open-${path}`, ontoggle: () => details.open && open() }, h("summary", {}, context.texts.fields.replace("{count}", fields.length)), element);
  return {
    element: details,
    get: () => {
      const value = {};
      for (const [name, editor] of Object.entries(editors)) {
        const held = editor.get();
        if (held !== undefined) value[name] = held;
      }
      return Object.keys(value).length ? value : undefined;
    },
    set: (value) => {
      if (value === undefined && !opened) return;
      open();
      details.open ||= value !== undefined;
      for (const [name, editor] of Object.entries(editors)) editor.set(value?.[name]);
    },
  };
}

/** A labelled field of a struct, or a parameter. */
export function row(field, path, editor) {
  const labelled = editor.input ? { for: idOf(path) } : {};
  return h("div", { class: "field" },
    h(editor.input ? "label" : "span", { class: "name", ...labelled }, field.name, field.required ? h("span", { class: "required", title: "required" }, "*") : null, h("span", { class: "type" }, field.type)),
    editor.element);
}

function arrayEditor(type, path, rule, context) {
  const list = h("ol", { class: "items" });
  let items = [];
  const add = (value) => {
    const at = items.length;
    const editor = makeEditor(type, `${path}.${at}`, {}, context);
    const item = { editor, element: null };
    const remove = h("button", { type: "button", class: "small", "aria-label": context.texts.remove, title: context.texts.remove, onclick: () => {
      items = items.filter((each) => each !== item);
      const held = items.map((each) => each.editor.get());
      set(held);
      context.changed();
    } }, "×");
    item.element = h("li", {}, editor.element, remove);
    items.push(item);
    list.append(item.element);
    if (value !== undefined) editor.set(value);
    else if (editor.element.tagName === "DETAILS") editor.element.open = true;
  };
  const set = (values) => {
    items = [];
    list.replaceChildren();
    for (const value of Array.isArray(values) ? values : []) add(value);
  };
  const more = h("button", { type: "button", class: "small", "data-testid": `add-${path}`, onclick: () => { add(); context.changed(); } }, "+ " + context.texts.add);
  return {
    element: h("div", { class: "array" }, list, more),
    get: () => {
      const values = items.map((item) => item.editor.get()).filter((value) => value !== undefined);
      return values.length ? values : undefined;
    },
    set,
  };
}

function mapEditor(type, path, context) {
  const list = h("ol", { class: "items" });
  let items = [];
  const add = (name = "", value) => {
    const at = items.length;
    const key = h("input", inputAttributes(`${path}.${at}.key`, context, { type: "text", placeholder: context.texts.key, "aria-label": context.texts.key }));
    key.value = name;
    const editor = makeEditor(type, `${path}.${at}.value`, {}, context);
    const item = { key, editor };
    const remove = h("button", { type: "button", class: "small", "aria-label": context.texts.remove, title: context.texts.remove, onclick: () => {
      items = items.filter((each) => each !== item);
      element.remove();
      context.changed();
    } }, "×");
    const element = h("li", { class: "pair" }, key, editor.element, remove);
    items.push(item);
    list.append(element);
    editor.set(value);
  };
  const more = h("button", { type: "button", class: "small", "data-testid": `add-${path}`, onclick: () => add() }, "+ " + context.texts.add);
  return {
    element: h("div", { class: "array" }, list, more),
    get: () => {
      const pairs = items.filter((item) => item.key.value !== "").map((item) => [item.key.value, item.editor.get() ?? ""]);
      return pairs.length ? Object.fromEntries(pairs) : undefined;
    },
    set: (value) => {
      items = [];
      list.replaceChildren();
      for (const [name, held] of Object.entries(value ?? {})) add(name, held);
    },
  };
}
