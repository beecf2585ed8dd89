// Where the files that match were made: clusters on a map, and the same as a list.
import { ask, debounce, fill, h, released } from "../dom.js";
import { L, makeWorldMap } from "./world_map.js";

const FIELD = "LatLong";
const compact = new Intl.NumberFormat(document.documentElement.lang, { notation: "compact", maximumFractionDigits: 1 });

export class PlaceMap {
  /** `narrow(parts, field)` searches within a box. */
  static async open({ base, texts, narrow }) {
    const shown = new PlaceMap();
    const by = (id) => document.getElementById(id);
    Object.assign(shown, { base, texts, narrow, told: by("map-told"), list: by("map-list"), everywhere: by("map-everywhere"), asked: 0 });
    shown.map = await makeWorldMap(by("map"), texts);
    shown.markers = L.layerGroup().addTo(shown.map);
    shown.map.on("moveend", debounce(() => shown.ask(false), 60));
    new ResizeObserver(() => shown.map.invalidateSize({ pan: false })).observe(by("map"));
    by("map-here").addEventListener("click", () => narrow([within(shown.view())], FIELD));
    shown.everywhere.addEventListener("click", () => narrow([], FIELD));
    return shown;
  }

  /** Other files match now: the map moves to where they are. */
  search({ q, words, narrowed }) {
    Object.assign(this, { q, words });
    this.everywhere.hidden = !narrowed;
    return this.ask(true);
  }

  view() {
    const bounds = this.map.getBounds();
    const whole = bounds.getEast() - bounds.getWest() >= 360;
    const turned = (longitude) => ((((longitude + 180) % 360) + 360) % 360) - 180;
    return {
      north: Math.min(90, bounds.getNorth()),
      south: Math.max(-90, bounds.getSouth()),
      west: whole ? -180 : turned(bounds.getWest()),
      east: whole ? 180 : turned(bounds.getEast()),
    };
  }

  async ask(fit) {
    const mine = ++this.asked;
    if (this.words) {
      this.show({ tiles: [], total: 0 });
      this.told.textContent = this.texts.no_map;
      return;
    }
    const values = new URLSearchParams({ q: this.q, zoom: fit ? 0 : this.map.getZoom() });
    if (!fit) values.set("box", numbers(this.view()));
    let found;
    try {
      found = await ask(`${this.base}tiles?${values}`);
      await released(this.list);
    } catch (error) {
      if (mine === this.asked) this.told.textContent = error.message;
      return;
    }
    if (mine !== this.asked || found.problem) return;
    if (!fit || !found.tiles.length) return this.show(found);
    const reach = found.tiles.map((tile) => [[tile.North, tile.West], [tile.South, tile.East]]);
    const before = this.map.getBounds();
    this.map.fitBounds(L.latLngBounds(reach.flat()).pad(0.05), { maxZoom: 12, animate: false });
    if (before.equals(this.map.getBounds())) await this.ask(false); // otherwise the move asks
  }

  show({ tiles, total }) {
    this.markers.clearLayers();
    for (const tile of tiles) this.markers.addLayer(this.marker(tile));
    const shown = tiles.reduce((sum, tile) => sum + tile.Count, 0);
    const text = shown < total ? this.texts.map_first : this.texts.map_counted;
    this.told.textContent = total ? fill(text, { shown: shown.toLocaleString(), total: total.toLocaleString() }) : this.texts.no_places;
    this.list.replaceChildren(
      ...tiles.slice(0, 100).map((tile) =>
        h(
          "li",
          {},
          h("button", { type: "button", "data-testid": "map-place", onclick: () => this.take(tile) }, h("bdi", {}, this.nameOf(tile)), h("span", { class: "quiet" }, tile.Count.toLocaleString())),
        ),
      ),
    );
  }

  marker(tile) {
    const size = Math.round(26 + 8 * Math.log10(tile.Count));
    const icon = L.divIcon({ className: "cluster", html: h("span", {}, compact.format(tile.Count)), iconSize: [size, size] });
    const marker = L.marker([tile.Latitude, tile.Longitude], { icon, riseOnHover: true, zIndexOffset: tile.Count });
    marker.on("add", () => {
      const name = fill(this.texts.bar, { time: this.nameOf(tile), count: tile.Count.toLocaleString() });
      marker.getElement().setAttribute("aria-label", name);
      marker.getElement().setAttribute("title", name);
    });
    marker.on("click", () => this.take(tile));
    marker.on("keydown", ({ originalEvent }) => originalEvent.key === "Enter" && this.take(tile));
    return marker;
  }

  nameOf({ City, Country, Latitude, Longitude, East, West, North, South }) {
    const wide = Math.max(East - West, North - South) > 3; // degrees, of which no city has so many
    return [wide ? "" : City, Country].filter(Boolean).join(", ") || `${Latitude.toFixed(2)}, ${Longitude.toFixed(2)}`;
  }

  take({ North, South, West, East }) {
    const edge = 0.0005; // some 50 metres
    this.narrow([within({ north: Math.min(90, North + edge), south: Math.max(-90, South - edge), west: Math.max(-180, West - edge), east: Math.min(180, East + edge) })], FIELD);
  }
}

const numbers = ({ north, west, south, east }) => [north, west, south, east].map((degrees) => String(Number(degrees.toFixed(4)))).join(", ");
const within = (box) => `within(${numbers(box)})`;
