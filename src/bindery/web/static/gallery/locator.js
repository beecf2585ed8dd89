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
  const polygons = objects.land.geometries.flatMap((each) => (each.type === "Polygon" ? [each.arcs] : each.arcs));
  return polygons.flat().map((indexes) => ringPath(indexes.flatMap(line))).join("");
}

/** A ring that crosses the 180th meridian goes on beyond the edge of the map. */
function ringPath(points) {
  let turns = 0;
  let last = points[0][0];
  const shown = points.map(([x, y]) => {
    if (Math.abs(x - last) > 180) turns += x < last ? 360 : -360;
    last = x;
    return `${(x + turns).toFixed(1)},${y.toFixed(1)}`;
  });
  return "M" + shown.join("L") + "Z";
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
    const d = landPath(await ask(figure.dataset.land));
    map.prepend(...[-360, 0, 360].map((by) => shape("path", { d, class: "land", transform: `translate(${by} 0)` })));
  } catch {
    // The dot and the figures below it stay.
  }
}
