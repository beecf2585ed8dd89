// Run by test_grid.py: ranges against a plain set of numbers, and lists that harm no program that opens them.
import assert from "node:assert/strict";
import { CSV_HEAD, Ranges, csvOf, textOf } from "./ranges.mjs";

let seed = 11;
const random = (to) => (seed = (seed * 48271) % 2147483647) % to;

for (let round = 0; round < 200; round++) {
  const ranges = new Ranges();
  const plain = new Set();
  for (let step = 0; step < 30; step++) {
    const from = random(60);
    const to = from + 1 + random(15);
    const add = random(3) > 0;
    add ? ranges.add(from, to) : ranges.remove(from, to);
    for (let at = from; at < to; at++) add ? plain.add(at) : plain.delete(at);
    assert.equal(ranges.count, plain.size);
    for (let at = 0; at < 80; at++) assert.equal(ranges.has(at), plain.has(at));
    ranges.parts.forEach(([a, b], at) => assert.ok(a < b && (at === 0 || ranges.parts[at - 1][1] < a), "apart and ascending"));
  }
  ranges.clear();
  assert.equal(ranges.count, 0);
}
const whole = new Ranges();
whole.add(0, 1_000_000);
assert.deepEqual([whole.count, whole.parts.length], [1_000_000, 1]);

assert.equal(CSV_HEAD, "URI,Filename,MediaType,ContentType,Size,ProduceTime\r\n");
const hostile = { URI: 'oss://b/a"b\n.jpg', Filename: '=HYPERLINK("http://x")', MediaType: "@x", Size: -5, ProduceTime: "+1" };
assert.equal(csvOf([hostile]), '"oss://b/a""b\n.jpg","\'=HYPERLINK(""http://x"")","\'@x","","-5","\'+1"\r\n');
assert.equal(csvOf([{ URI: "oss://b/k" }, { URI: "oss://b/l", Size: 0 }]), '"oss://b/k","","","","",""\r\n"oss://b/l","","","","0",""\r\n');
assert.equal(textOf([hostile, { URI: "oss://b/图片 1.jpg" }]), 'oss://b/a"b%0A.jpg\noss://b/图片 1.jpg\n');
