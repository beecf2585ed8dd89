// Run by test_grid.py: random sections, pages and files; heights are known before files, and files fill them.
import assert from "node:assert/strict";
import { GAP, Layout, Track, lastUpTo, pageSize, placeTiles, ratioOf, wantedHeight } from "./layout.mjs";

let seed = 7;
const chance = () => (seed = (seed * 48271) % 2147483647) / 2147483647;
const random = (from, to) => from + Math.floor(chance() * (to - from));
const ratio = () => [0.4, 0.5, 0.75, 1, 1.333, 1.78, 3.5][random(0, 7)];
const sum = (values) => values.reduce((all, each) => all + each, 0);

for (let round = 0; round < 400; round++) {
  const width = [300, 336, 990, 1200, 2300][random(0, 5)];
  const layout = new Layout({ headed: round % 2 === 0 });
  const files = Array.from({ length: random(1, 6) }, () => Array.from({ length: random(1, 450) }, ratio));
  layout.append(files.map((ratios, at) => ({ value: String(at), count: ratios.length, ratios: sum(ratios) })));
  layout.resize(width);
  const before = layout.height;
  layout.sections.forEach((section, at) => {
    if (section.blocks) return assert.ok(section.count <= 100);
    const size = pageSize(section.count);
    assert.ok(size <= 100 && size > 45);
    const pages = [];
    for (let from = 0; from < section.count; from += size) {
      const its = files[at].slice(from, from + size);
      pages.push({ count: its.length, ratios: sum(its), token: String(from) });
    }
    layout.setPages(section, pages);
  });
  assert.equal(layout.height, before); // pages that come move nothing
  let rank = 0;
  layout.sections.forEach((section, at) => {
    let y = section.top + layout.head;
    for (const block of section.blocks) {
      assert.equal(block.start, rank);
      assert.equal(block.top, y);
      assert.ok(block.rows >= 1);
      const its = files[at].slice(rank - section.start, rank - section.start + block.count);
      const boxes = placeTiles(its, block, width);
      assert.equal(boxes.length, its.length);
      boxes.forEach((box) => {
        assert.ok(box.left >= 0 && box.left + box.width <= width + 0.01, "a tile within the grid");
        assert.ok(box.top >= 0 && box.top + box.height <= block.height + 0.01, "a tile within its page");
        assert.ok(box.width > 0 && box.height > 0);
      });
      assert.equal(layout.blockOf(rank), block);
      assert.equal(layout.blockOf(rank + block.count - 1), block);
      rank += block.count;
      y += block.height;
    }
    assert.equal(y, section.top + layout.head + section.body);
    assert.equal(layout.sectionAt(section.top), section);
  });
  assert.equal(rank, layout.count);
}

// one small row is as high as is wanted, and its pictures are whole
const few = new Layout({ headed: true });
few.append([{ value: "2024-01", count: 2, ratios: 2 }]);
few.resize(1000);
assert.deepEqual(placeTiles([1.5, 0.5], few.sections[0].blocks[0], 1000), [
  { left: 0, top: 0, width: 285, height: 190 },
  { left: 289, top: 0, width: 95, height: 190 },
]);
assert.equal(wantedHeight(1000), 190);

// fewer files than were counted leave room, more are not shown; none is no error
assert.ok(placeTiles([1, 1], { rows: 5, rowHeight: 190, filled: true }, 1000).every((box) => box.height < 700));
assert.deepEqual(placeTiles([], { rows: 5, rowHeight: 190, filled: true }, 1000), []);

// shapes are those of the server
assert.equal(ratioOf({ ImageWidth: 4000, ImageHeight: 2000, Orientation: 6 }), 0.5);
assert.equal(ratioOf({ ImageWidth: 90000, ImageHeight: 10 }), 3.5);
assert.equal(ratioOf({ ImageWidth: 100, VideoWidth: 4, VideoHeight: 2 }), 2);
assert.equal(ratioOf({}), 1);

// a way longer than browsers can scroll
const track = new Track(8_000_000);
track.resize(50_000_000, 800);
assert.equal(track.move(0), 0);
assert.equal(track.move(500), 500); // a step is a step
assert.equal(track.move(track.physical - 800), 50_000_000 - 800); // the end is the end
assert.equal(track.move(track.physical), 50_000_000 - 800);
for (const at of [0, 123_456, 25_000_000, 49_999_000, 60_000_000]) {
  const scrolled = track.go(at);
  assert.ok(scrolled >= 0 && scrolled <= track.physical - 800);
  assert.ok(Math.abs(track.move(scrolled) - Math.min(at, track.end)) < 1);
  assert.equal(track.astray, false);
  assert.ok(Math.abs(track.move(scrolled + 300) - Math.min(at + 300, track.end)) < 1);
}
track.go(25_000_000);
for (let step = 1; step < 3000; step++) track.move(track.at - track.shift - 600);
assert.ok(track.astray && track.at > 23_000_000);
assert.equal(track.cornered, false);
track.move(0.2); // a leap to the beginning is one
assert.deepEqual([track.at < 10, track.cornered], [true, false]);
track.go(2_000_000);
for (let scrolled = track.at - track.shift; scrolled > 0; scrolled -= 600) track.move(scrolled);
track.move(0);
assert.ok(track.at > 1_000_000 && track.cornered);
assert.ok(track.go(track.at) > 3 && !track.cornered);
const short = new Track();
short.resize(5_000, 800);
assert.equal(short.move(short.go(3_000)), 3_000);
assert.equal(lastUpTo([{ top: 0 }, { top: 5 }], "top", 4.9), 0);
assert.ok(GAP > 0);
