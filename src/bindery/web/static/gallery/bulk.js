// Work on the chosen files, a batch at a time: asked for, with progress, stopped at any batch, failures file by file.
import { ask, fill, h } from "../dom.js";
import { CSV_HEAD, csvOf, textOf } from "./ranges.js";

const BATCH = 100;
const MOST_SHOWN = 500;
const by = (id) => document.getElementById(id);

export class Bulk {
  /** `done(action)` hears when something was changed. */
  constructor({ base, name, selection, texts, done }) {
    Object.assign(this, { base, name, selection, texts, done });
    this.dialog = by("bulk");
    for (const button of document.querySelectorAll("[data-act]")) {
      button.addEventListener("click", () => button.getAttribute("aria-disabled") === "true" || this.open(button.dataset.act));
    }
    by("bulk-form").addEventListener("submit", (event) => {
      event.preventDefault();
      this.run();
    });
    by("bulk-close").addEventListener("click", () => this.leave());
    this.dialog.addEventListener("cancel", (event) => {
      event.preventDefault();
      this.leave();
    });
  }

  text(name, values = {}) {
    const shown = Object.fromEntries(Object.entries(values).map(([key, value]) => [key, value.toLocaleString(document.documentElement.lang)]));
    return fill(this.texts[name], shown);
  }

  open(action) {
    this.action = action;
    this.count = this.selection.count;
    by("bulk-title").textContent = this.text(`title_${action}`, { count: this.count });
    by("bulk-told").textContent = this.texts[`told_${action}`];
    by("bulk-fields").replaceChildren(...this.fields());
    by("bulk-go").textContent = this.texts[`go_${action}`];
    by("bulk-go").classList.toggle("danger", action === "delete");
    by("bulk-go").classList.toggle("primary", action !== "delete");
    by("bulk-go").hidden = false;
    by("bulk-go").disabled = false;
    by("bulk-close").textContent = this.texts.cancel;
    by("bulk-progress").hidden = by("bulk-failed").hidden = true;
    by("bulk-state").textContent = "";
    this.dialog.showModal();
  }

  fields() {
    const field = (id, text, attributes) => [h("label", { for: id }, text), h("input", { id, "data-testid": id, autocomplete: "off", ...attributes })];
    if (this.action === "list") {
      const option = (value, text) => h("option", { value }, text);
      return [
        h("label", { for: "bulk-form-of" }, this.texts.form),
        h("select", { id: "bulk-form-of", "data-testid": "bulk-form-of" }, option("csv", this.texts.as_csv), option("txt", this.texts.as_text)),
      ];
    }
    if (this.action !== "label" && this.action !== "unlabel") return [];
    const name = field("bulk-name", this.texts.label_name, { required: true, maxlength: 128 });
    return this.action === "label" ? [...name, ...field("bulk-value", this.texts.label_value, { maxlength: 128 })] : name;
  }

  async run() {
    this.stopped = new AbortController();
    this.failed = [];
    this.finished = 0;
    this.parts = [];
    const asked = { action: this.action, name: by("bulk-name")?.value ?? "", value: by("bulk-value")?.value ?? "" };
    const form = by("bulk-form-of")?.value;
    for (const element of by("bulk-fields").querySelectorAll("input, select")) element.disabled = true;
    by("bulk-go").disabled = by("bulk-go").hidden = true;
    Object.assign(by("bulk-progress"), { hidden: false, max: this.count, value: 0 });
    by("bulk-close").focus();
    let problem = "";
    try {
      for await (const files of this.selection.files(this.stopped.signal)) {
        if (this.stopped.signal.aborted) break;
        await this.batch(asked, form, files);
        if (this.stopped.signal.aborted) break;
      }
    } catch (error) {
      if (error.name !== "AbortError") problem = error.message;
    }
    this.end(problem, form);
  }

  async batch(asked, form, files) {
    if (asked.action === "list") this.parts.push(form === "csv" ? csvOf(files) : textOf(files));
    else {
      for (let at = 0; at < files.length && !this.stopped.signal.aborted; at += BATCH) {
        // A batch that was sent is waited for: nobody should have to guess what became of it.
        const uris = files.slice(at, at + BATCH).map((file) => file.URI);
        const { failed } = await ask(`${this.base}bulk`, { ...asked, uris });
        this.failed.push(...failed);
        this.tell(uris.length);
      }
      return;
    }
    this.tell(files.length);
  }

  tell(more) {
    this.finished += more;
    by("bulk-progress").value = this.finished;
    by("bulk-state").textContent = this.text("state", { done: this.finished, count: this.count });
  }

  end(problem, form) {
    const aborted = this.stopped.signal.aborted;
    this.stopped = null;
    const count = this.finished - this.failed.length;
    const said = aborted ? "cancelled" : this.failed.length ? "done_some" : "done_all";
    by("bulk-state").textContent = problem || this.text(said, { count, failed: this.failed.length });
    by("bulk-close").textContent = this.texts.close;
    this.showFailed();
    if (this.action === "list") {
      if (!aborted && !problem) this.save(form);
    } else if (this.finished) this.changedSome = true;
  }

  showFailed() {
    by("bulk-failed").hidden = !this.failed.length;
    const rows = this.failed.slice(0, MOST_SHOWN).map(({ uri, message }) => h("p", {}, h("bdi", {}, uri), h("span", { class: "quiet" }, message)));
    const more = this.failed.length - rows.length;
    by("bulk-failed").replaceChildren(...rows, ...(more > 0 ? [h("p", {}, this.text("more_failed", { count: more }))] : []));
  }

  save(form) {
    const head = form === "csv" ? ["\ufeff", CSV_HEAD] : [];
    const address = URL.createObjectURL(new Blob([...head, ...this.parts], { type: form === "csv" ? "text/csv" : "text/plain" }));
    h("a", { href: address, download: `${this.name}.${form}` }).click();
    setTimeout(() => URL.revokeObjectURL(address), 60_000);
    this.parts = [];
  }

  /** Stops what runs; closes what does not. */
  leave() {
    if (this.stopped) return this.stopped.abort();
    this.dialog.close();
    if (!this.changedSome) return;
    this.changedSome = false;
    this.done(this.action);
  }
}
