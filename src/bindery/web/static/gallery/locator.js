// Where on the world a file was made: the outlines of the land and a dot, without asking anybody else.
import { ask } from "../dom.js";

const SVG = "http://www.w3.org/2000/svg";

function shape(name, attributes) {
  const element = document.createElementNS(SVG, name);
  for (const [key, value] of Object.entries(attributes)) element.setAttribute(key, value);
  return element;
}

/** The rings of a TopoJSON of land as a path of longitudes and latitudes turned upside down. */
function landPath({ arcs, transform: { scale, translate }, objects }) {
  const lines = arcs.map((arc) => {
    let [x, y] = [0, 0];
    return arc.map(([across, up]) => [(x += across) * scale[0] + translate[0], -((y += up) * scale[1] + translate[1])]);
  });
  const line = (index) => (index < 0 ? [...lines[~index]].reverse() : lines[index]);
  const ring = (indexes) => "M" + indexes.flatMap(line).map(([x, y]) => `${x.toFixed(1)},${y.toFixed(1)}`).join("L") + "Z";
  const polygons = objects.land.geometries.flatMap((each) => (each.type === "Polygon" ? [each.arcs] : each.arcs));
  return polygons.flat().map(ring).join("");
}

export async function locate() {
  const figure = document.getElementById("locator");
  if (!figure) return;
  const [x, y] = [Number(figure.dataset.longitude), -Number(figure.dataset.latitude)];
  const map = shape("svg", { viewBox: "-180 -84 360 144", "aria-hidden": "true" });
  const dot = { cx: x, cy: Math.min(Math.max(y, -84), 60) };
  const marks = [shape("circle", { ...dot, r: 7, class: "around" }), shape("circle", { ...dot, r: 2.5, class: "dot" })];
  figure.append(map);
  map.append(...marks);
  try {
    map.prepend(shape("path", { d: landPath(await ask(figure.dataset.land)), class: "land" }));
  } catch {
    // The dot and the figures below it stay.
  }
}
