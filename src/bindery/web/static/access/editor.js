// Line numbers beside a policy's document, and what is wrong with it while it is typed.

import { h } from "../dom.js";

for (const text of document.querySelectorAll(".numbered textarea")) number(text);

function number(text) {
  const lines = h("pre", { class: "lines", "aria-hidden": "true" });
  text.before(lines);
  text.wrap = "off";
  const show = () => {
    const count = text.value.split("\n").length;
    lines.replaceChildren(...Array.from({ length: count }, (_, index) => h("span", { "data-line": index + 1 }, `${index + 1}\n`)));
    lines.scrollTop = text.scrollTop;
  };
  text.addEventListener("input", show);
  text.addEventListener("scroll", () => (lines.scrollTop = text.scrollTop));
  show();
}
