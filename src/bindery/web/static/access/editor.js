// Line numbers beside a policy's document, and what is wrong with it while it is typed, marked at its place.

import { dataOf, debounce, fill, h, latest } from "../dom.js";

const texts = dataOf("texts");
const PAUSE = 250;
const TOKEN = /^(?:"(?:[^"\\]|\\.)*"?|[^\s,\]}:]+|.)/su;

for (const text of document.querySelectorAll(".numbered textarea")) edit(text);

function edit(text) {
  const lines = h("pre", { class: "lines", "aria-hidden": "true" });
  const marks = h("pre", { class: "marks", "aria-hidden": "true" });
  const told = h("div", { class: "checked", role: "status", "aria-live": "polite", id: `checked-${text.name}`, "data-testid": "policy-findings" });
  const frame = text.closest(".numbered");
  frame.prepend(lines);
  const typed = h("div", { class: "typed" }, marks);
  text.before(typed);
  typed.append(text);
  frame.after(told);
  text.wrap = "off";
  text.setAttribute("aria-describedby", told.id);
  let findings = [];
  const number = () => {
    const count = text.value.split("\n").length;
    const worst = new Map(findings.map((each) => [each.Line, each.Severity]));
    lines.replaceChildren(...Array.from({ length: count }, (_, index) => h("span", { "data-line": index + 1, class: worst.has(index + 1) ? (worst.get(index + 1) === "Error" ? "wrong" : "odd") : null }, `${index + 1}\n`)));
    follow();
  };
  const follow = () => {
    lines.scrollTop = text.scrollTop;
    marks.scrollTop = text.scrollTop;
    marks.scrollLeft = text.scrollLeft;
  };
  const show = (answer) => {
    findings = answer.Findings;
    text.setAttribute("aria-invalid", String(!answer.Valid));
    mark(marks, text.value, findings);
    told.replaceChildren(findings.length ? h("ul", { class: "plain" }, findings.map((each) => h("li", {}, findingButton(each, text)))) : h("p", { class: "good" }, texts.valid));
    number();
  };
  const forget = () => {
    findings = [];
    marks.replaceChildren();
    number();
  };
  const ask = latest();
  const check = async () => {
    const checked = text.value;
    if (text.readOnly || checked.trim() === "") return told.replaceChildren();
    try {
      const answer = await ask("/console/access/drafts/validate", { document: checked, form: text.dataset.policyForm });
      if (checked === text.value) show(answer); // what has been typed meanwhile is checked next
    } catch (error) {
      if (checked === text.value && error.name !== "AbortError") told.replaceChildren(h("p", { class: "hint" }, fill(texts.unchecked, { problem: error.message })));
    }
  };
  const later = debounce(check, PAUSE);
  text.addEventListener("input", () => { forget(); later(); });
  text.addEventListener("scroll", follow);
  number();
  check();
}

function findingButton(finding, text) {
  const wrong = finding.Severity === "Error";
  const place = fill(texts.place, { line: finding.Line, column: finding.Column });
  return h("button", { type: "button", class: "finding", "data-severity": finding.Severity, onclick: () => choose(text, finding) },
    h("span", { class: "tag " + (wrong ? "bad" : "warn") }, wrong ? texts.error : texts.warning), ` ${place}: ${finding.Message}`, finding.Pointer ? h("span", { class: "mono quiet" }, ` ${finding.Pointer}`) : null);
}

/** Where a finding begins and ends in a text, in its units of UTF-16; columns count characters. */
function span(value, finding) {
  const lines = value.split("\n");
  const line = lines[finding.Line - 1] ?? "";
  const before = Array.from(line).slice(0, finding.Column - 1).join("");
  const start = lines.slice(0, finding.Line - 1).reduce((sum, each) => sum + each.length + 1, 0) + before.length;
  const token = TOKEN.exec(line.slice(before.length))?.[0] ?? "";
  return [start, start + token.length];
}

function choose(text, finding) {
  text.focus();
  text.setSelectionRange(...span(text.value, finding));
}

function mark(marks, value, findings) {
  const parts = [];
  let at = 0;
  const spans = findings.map((each) => [...span(value, each), each.Severity]).sort((one, other) => one[0] - other[0]);
  for (const [start, end, severity] of spans) {
    if (start < at) continue;
    // A place at the end of a line has nothing to underline but the end itself.
    parts.push(value.slice(at, start), h("mark", { class: severity === "Error" ? "wrong" : "odd" }, value.slice(start, end) || " "));
    at = end;
  }
  marks.replaceChildren(...parts, value.slice(at), "\n");
}
