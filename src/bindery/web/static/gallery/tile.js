// One file of the grid: a link with its picture, or with a quiet icon, its name and its type.
import { h } from "../dom.js";

export class Tiles {
  /** `shownIn()`: what of this search the page of a file is told. */
  constructor({ path, texts, shownIn }) {
    Object.assign(this, { path, texts, shownIn });
  }

  make(file, rank, count) {
    const name = nameOf(file);
    const bare = !(file.ImageWidth || file.VideoWidth);
    const picture = h("img", { src: this.pictureOf(file), alt: bare ? this.kindOf(file) : `${name.slice(0, 200)}, ${this.kindOf(file)}`, draggable: "false", decoding: "async" });
    const tile = h(
      "a",
      {
        href: `/console/files/${this.path}?${new URLSearchParams({ uri: file.URI, ...this.shownIn() })}`,
        class: bare ? "tile bare" : "tile",
        role: "option",
        "aria-selected": "false",
        "aria-setsize": count,
        "aria-posinset": rank + 1,
        "data-testid": `file-${rank}`,
        title: name.slice(0, 1000),
        draggable: "false",
      },
      picture,
      bare ? h("span", { class: "name" }, h("bdi", {}, name.slice(0, 200)), h("span", { class: "type" }, typeOf(file, name))) : null,
      playedOf(file),
      h("span", { class: "hidden-visually" }, bare ? `, ${this.kindOf(file)}` : `${name.slice(0, 200)}, ${this.kindOf(file)}`),
    );
    picture.addEventListener("error", () => picture.hasAttribute("src") && tile.classList.add("broken"));
    return tile;
  }

  pictureOf(file) {
    return `/console/thumbnails/${this.path}?${new URLSearchParams({ uri: file.URI, v: file.ETag ?? "" })}`;
  }

  kindOf(file) {
    return this.texts[`kind_${file.MediaType}`] ?? this.texts.kind_other;
  }
}

export const nameOf = (file) => file.Filename || file.URI.slice(file.URI.lastIndexOf("/") + 1);

function typeOf(file, name) {
  const ending = /\.([A-Za-z0-9]{1,8})$/.exec(name)?.[1];
  return (ending ?? file.ContentType?.split("/")[1] ?? "").toUpperCase().slice(0, 12);
}

function playedOf(file) {
  if (file.MediaType !== "video" && file.MediaType !== "audio") return null;
  return h("span", { class: "badge" }, file.Duration ? lengthOf(file.Duration) : "▶");
}

function lengthOf(seconds) {
  const whole = Math.round(seconds);
  const parts = [Math.floor(whole / 3600), Math.floor(whole / 60) % 60, whole % 60];
  const shown = parts[0] ? parts : parts.slice(1);
  return shown.map((part, at) => (at ? String(part).padStart(2, "0") : part)).join(":");
}
