// Where on the world a file was made: the outlines of the land and a dot, without asking anybody else.
import "../../vendor/topojson-client/topojson-client.min.js";
import { ask } from "../dom.js";

const { feature } = self.topojson;
const SVG = "http://www.w3.org/2000/svg";

function shape(name, attributes) {
  const element = document.createElementNS(SVG, name);
  for (const [key, value] of Object.entries(attributes)) element.setAttribute(key, value);
  return element;
}

/** The land as a path of longitudes and latitudes turned upside down. */
function landPath(world) {
  const { geometries } = world.objects.land;
  const polygons = geometries.map((each) => feature(world, each).geometry).flatMap(({ type, coordinates }) => (type === "Polygon" ? [coordinates] : coordinates));
  return polygons.flat().map((ring) => ringPath(ring.map(([longitude, latitude]) => [longitude, -latitude]))).join("");
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
