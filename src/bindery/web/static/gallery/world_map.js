// A map of the world from files of this server: land, and borders once one is near enough to see them.
import "../../vendor/topojson-client/topojson-client.min.js";
import * as L from "../../vendor/leaflet/leaflet-src.esm.js";
import { h } from "../dom.js";

const NEAR = 4; // the zoom in which borders and finer coasts are shown
const FAR_TURNS = [-720, -360, 0, 360, 720]; // from afar the world is there several times, so that no edge of it is seen
const BEYOND = 80; // degrees: from near, what lies farther out is there a second time
const { feature, mesh } = self.topojson;
const address = (name) => new URL(`../../vendor/${name}`, import.meta.url).href;

/** A Leaflet map in `element`, in the colours of the page. */
export async function makeWorldMap(element, texts) {
  await loadStyle(address("leaflet/leaflet.css"));
  const still = matchMedia("(prefers-reduced-motion: reduce)").matches;
  const map = L.map(element, { attributionControl: false, zoomControl: false, minZoom: 1, maxZoom: 16, worldCopyJump: true, maxBounds: [[-90, -540], [90, 540]], zoomAnimation: !still, fadeAnimation: !still, inertia: !still });
  L.control.zoom({ zoomInTitle: texts.zoom_in, zoomOutTitle: texts.zoom_out }).addTo(map);
  map.setView([20, 10], 1);
  const world = new World(map);
  await world.draw();
  map.on("zoomend", () => world.draw());
  for (const query of ["(prefers-color-scheme: dark)", "(forced-colors: active)"]) matchMedia(query).addEventListener("change", () => world.colour());
  return map;
}

class World {
  constructor(map) {
    Object.assign(this, { map, renderer: L.canvas({ padding: 0.4 }), layers: {} });
  }

  /** Coarse from afar, finer from near. */
  async draw() {
    const near = this.map.getZoom() >= NEAR;
    const layer = (this.layers[near] ??= near ? this.countries() : this.land());
    const drawn = await layer;
    if (near !== this.map.getZoom() >= NEAR || this.shown === drawn) return;
    this.shown?.remove();
    this.shown = drawn.addTo(this.map);
    this.colour();
  }

  async land() {
    const world = await (await fetch(address("world-atlas/land-110m.json"))).json();
    return this.layersOf(feature(world, world.objects.land));
  }

  async countries() {
    const world = await (await fetch(address("world-atlas/countries-50m.json"))).json();
    return this.layersOf(feature(world, world.objects.land), mesh(world, world.objects.countries, (one, other) => one !== other));
  }

  /** One layer a shape: those out of sight cost little then. */
  layersOf(land, borders) {
    const shapes = land.features ?? [land];
    const polygons = shapes.flatMap(({ geometry }) => (geometry.type === "Polygon" ? [geometry.coordinates] : geometry.coordinates));
    const options = { renderer: this.renderer, interactive: false, smoothFactor: 1.5 };
    const filled = polygons.flatMap((rings) => (borders ? turnsOf(rings[0]) : FAR_TURNS).map((turn) => L.polygon(rings.map((ring) => unrolled(ring, turn, true)), options)));
    const lines = (borders?.coordinates ?? []).flatMap((line) => turnsOf(line).map((turn) => L.polyline(unrolled(line, turn, false), options)));
    return L.layerGroup([L.featureGroup(filled), L.featureGroup(lines)]);
  }

  colour() {
    const style = getComputedStyle(this.map.getContainer());
    const of = (name) => style.getPropertyValue(name).trim();
    const [land, borders] = this.shown?.getLayers() ?? [];
    land?.setStyle({ fillColor: of("--land"), fillOpacity: 1, color: of("--coast"), weight: 0.8 });
    borders?.setStyle({ color: of("--coast"), weight: 0.8, fill: false });
  }
}

/** By how many degrees a line is shifted, each time that it is drawn from near. */
function turnsOf(line) {
  const longitudes = line.map(([longitude]) => longitude);
  return [0, ...(longitudes.some((longitude) => longitude > BEYOND) ? [-360] : []), ...(longitudes.some((longitude) => longitude < -BEYOND) ? [360] : [])];
}

/** Latitudes and longitudes of a line that goes on beyond the 180th meridian, and round the pole when it encloses it. */
function unrolled(line, turn, closed) {
  let shift = turn;
  let before = line[0][0];
  const points = line.map(([longitude, latitude]) => {
    if (Math.abs(longitude - before) > 180) shift += longitude < before ? 360 : -360;
    before = longitude;
    return [latitude, longitude + shift];
  });
  const [first, last] = [points[0], points.at(-1)];
  if (closed && Math.abs(first[1] - last[1]) > 180) {
    const pole = first[0] < 0 ? -89 : 89;
    points.push([pole, last[1]], [pole, first[1]]);
  }
  return points;
}

function loadStyle(href) {
  if (document.querySelector(`link[href="${href}"]`)) return null;
  return new Promise((resolve) => {
    document.head.append(h("link", { rel: "stylesheet", href, onload: resolve, onerror: resolve }));
  });
}

export { L };
