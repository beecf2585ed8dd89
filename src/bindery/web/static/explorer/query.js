// The tree of SimpleQuery as a builder: field, operator and value editor fit each other.

import { h } from "../dom.js";

const GROUPS = ["and", "or", "not", "nested"];
const RANGES = ["eq", "gt", "gte", "lt", "lte"];
const GEO = ["geo-distance", "geo-bounding-box", "geo-polygon"];
const PLACEHOLDERS = { TIME: "2024-05-01T00:00:00+08:00", INT: "1024", FLOAT: "0.5", "geo-distance": "30.25,120.15;1000", "geo-bounding-box": "30.3,120.0;30.1,120.3", "geo-polygon": "30,120;31,120;31,121" };

/** Operators that a field takes. */
export function operatorsOf(field) {
  if (!field) return ["eq", "prefix", "match-phrase", ...RANGES.slice(1), ...GEO, "exist"];
  if (field.kind === "GEO") return [...GEO, "exist"];
  const found = field.kind === "MAP" ? ["eq"] : field.ranged ? [...RANGES] : ["eq"];
  if (field.kind === "KEY" || field.kind === "TEXT") found.push("prefix");
  if (field.phrase || field.kind === "TEXT") found.push("match-phrase");
  return [...found, "exist"];
}

export function makeQueryEditor(path, context) {
  const holder = h("div", { class: "query" });
  const fieldList = h("datalist", { id: "query-fields" }, Object.entries(context.queryFields).map(([name, field]) => h("option", { value: name }, field.kind)));
  let root = null;
  const start = () => {
    root = node(path, context, null);
    holder.replaceChildren(fieldList, root.element);
  };
  start();
  return {
    element: holder,
    get: () => root.get(),
    set: (value) => {
      start();
      if (value && typeof value === "object") root.set(value);
    },
  };
}

function node(path, context, remove) {
  const testid = (part) => `param-${path}.${part}`;
  const mode = h("select", { "aria-label": context.texts.operation, "data-testid": testid("Group"), onchange: () => { shape(); context.changed(); } },
    h("option", { value: "" }, context.texts.condition), GROUPS.map((value) => h("option", { value }, value)));
  const field = h("input", { type: "text", list: "query-fields", placeholder: context.texts.field, "aria-label": context.texts.field, "data-testid": testid("Field"), spellcheck: "false", oninput: () => { offer(); context.changed(); } });
  const operator = h("select", { "aria-label": context.texts.operator, "data-testid": testid("Operation"), onchange: () => { offer(); context.changed(); } });
  const value = h("input", { type: "text", placeholder: context.texts.value, "aria-label": context.texts.value, "data-testid": testid("Value"), spellcheck: "false", oninput: context.changed });
  const list = h("ol", { class: "sub-queries" });
  const more = h("button", { type: "button", class: "small", "data-testid": `add-${path}.SubQueries`, onclick: () => { addChild(); context.changed(); } }, "+ " + context.texts.condition);
  const gone = remove && h("button", { type: "button", class: "small", "aria-label": context.texts.remove, title: context.texts.remove, onclick: remove }, "×");
  const head = h("div", { class: "condition" }, mode, field, operator, value, gone);
  const element = h("div", { class: "node" }, head, list, more);
  let children = [];

  const offer = () => {
    const known = context.queryFields[field.value];
    const wanted = operatorsOf(known);
    const held = operator.value;
    if ([...operator.options].map((option) => option.value).join() !== wanted.join()) {
      operator.replaceChildren(...wanted.map((each) => h("option", { value: each }, each)));
      operator.value = wanted.includes(held) ? held : wanted[0];
    }
    value.hidden = operator.value === "exist" || isGroup();
    value.placeholder = PLACEHOLDERS[operator.value] ?? PLACEHOLDERS[known?.kind] ?? context.texts.value;
    value.inputMode = known?.kind === "INT" || known?.kind === "FLOAT" ? "decimal" : "text";
    field.classList.toggle("unknown", field.value !== "" && !known && !/^(CustomLabels|OSSUserMeta|OSSTagging|EXIF|Tags)\../.test(field.value));
  };
  const isGroup = () => GROUPS.includes(mode.value);
  const shape = () => {
    const group = isGroup();
    field.hidden = group && mode.value !== "nested";
    operator.hidden = group;
    list.hidden = more.hidden = !group;
    if (group && children.length === 0) addChild();
    offer();
  };
  const addChild = (held) => {
    const child = node(`${path}.SubQueries.${children.length}`, context, () => {
      children = children.filter((each) => each !== child);
      const values = children.map((each) => each.get()).filter(Boolean);
      list.replaceChildren();
      children = [];
      for (const each of values) addChild(each);
      context.changed();
    });
    children.push(child);
    list.append(h("li", {}, child.element));
    if (held) child.set(held);
  };
  shape();
  return {
    element,
    get: () => {
      if (isGroup()) {
        const held = children.map((child) => child.get()).filter(Boolean);
        if (!held.length) return undefined;
        return { ...(mode.value === "nested" && field.value ? { Field: field.value } : {}), Operation: mode.value, SubQueries: held };
      }
      if (field.value === "") return undefined;
      return { Field: field.value, Operation: operator.value, ...(operator.value === "exist" && value.value === "" ? {} : { Value: value.value }) };
    },
    set: (query) => {
      mode.value = GROUPS.includes(query.Operation) ? query.Operation : "";
      field.value = query.Field ?? "";
      children = [];
      list.replaceChildren();
      for (const each of Array.isArray(query.SubQueries) ? query.SubQueries : []) addChild(each);
      shape();
      if (!isGroup() && query.Operation) {
        if (![...operator.options].some((option) => option.value === query.Operation)) operator.append(h("option", { value: query.Operation }, query.Operation));
        operator.value = query.Operation;
      }
      value.value = query.Value ?? "";
      offer();
    },
  };
}
