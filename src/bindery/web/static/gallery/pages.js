// A PDF page by page, as pictures. The next page is fetched while one is read.
import { fill } from "../dom.js";

export function turnPages(texts) {
  const pages = document.getElementById("pages");
  if (!pages) return;
  const shown = document.getElementById("page");
  const number = document.getElementById("page-number");
  const back = document.getElementById("page-back");
  const on = document.getElementById("page-on");
  const count = Number(pages.dataset.count);
  const address = (page) => `${pages.dataset.page}&page=${page - 1}`;
  let at = 1;

  function show(page) {
    at = Math.min(Math.max(1, Math.round(page) || 1), count);
    // The room stays while the next page comes, so that nothing jumps.
    pages.style.minHeight = `${pages.offsetHeight}px`;
    shown.src = address(at);
    shown.alt = fill(texts.page_of, { page: at, count });
    number.value = at;
    tell();
    if (at < count) new Image().src = address(at + 1);
  }

  function tell() {
    back.disabled = at === 1;
    on.disabled = at === count;
  }

  back.addEventListener("click", () => show(at - 1));
  on.addEventListener("click", () => show(at + 1));
  number.addEventListener("change", () => show(Number(number.value)));
  pages.addEventListener("keydown", (event) => {
    const page = { PageUp: at - 1, PageDown: at + 1, Home: 1, End: count }[event.key];
    if (page === undefined || event.target === number) return;
    event.preventDefault();
    show(page);
  });
  tell();
}
