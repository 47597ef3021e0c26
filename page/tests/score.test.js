import assert from "node:assert/strict";
import { test } from "node:test";

import { SoundError } from "../src/hearing/errors.js";
import { stackedSvg } from "../src/notation/pages.js";
import { element, fakeBrowser } from "./fake_dom.js";
import { fixture } from "./fixture.js";

fakeBrowser();
const { Score } = await import("../src/page/score.js");

/** Sheet music whose songs are their own MusicXML; what was asked of the engraver waits in `asked` to be answered. */
function scoreOf(song) {
  const elements = { box: element(), engrave: element("button"), print: element("button"), status: element() };
  const score = new Score({ song, musicxml: ({ name }) => name, elements });
  const asked = [];
  score.pages = (musicxml) => new Promise((resolve) => asked.push(() => resolve([`<svg>${musicxml}</svg>`])));
  return { score, asked, ...elements };
}

const settled = () => new Promise((done) => setTimeout(done, 5));

test("pages of a recording that is no longer open are left", async () => {
  let name = "first";
  const { score, asked, box, status } = scoreOf(async () => ({ name }));
  const first = score.show();
  await settled();
  score.close(); // another recording
  name = "second";
  asked.shift()();
  await first;
  assert.deepEqual([box.children.length, status.textContent], [0, ""]);
  const second = score.show();
  await settled();
  asked.shift()();
  await second;
  assert.equal(box.children[0].alt, "Sheet music of second, page 1 of 1");
  assert.equal(status.textContent, "1 page; it follows corrections.");
  await score.show();
  assert.equal(asked.length, 0, "it is shown already");
});

test("why there is no sheet music is said", async () => {
  const waiting = scoreOf(async () => {
    throw new SoundError("The recording is not heard to its end: wait a moment.");
  });
  await waiting.score.show();
  assert.equal(waiting.status.textContent, "The recording is not heard to its end: wait a moment.");
  const broken = scoreOf(() => Promise.reject(new Error("no memory")));
  await broken.score.show();
  assert.equal(broken.status.textContent, "It could not be engraved (no memory).");
});

/** The worker as it is, and what it answers. */
async function engraver() {
  const answers = [];
  globalThis.self = { postMessage: (message) => answers.push(message) };
  await import("../src/score.worker.js");
  return async (data) => {
    await self.onmessage({ data });
    return answers.at(-1);
  };
}

test("engraving leaves nothing in verovio's memory, and a long song is saved with all its pages", async () => {
  const { VerovioToolkit } = await import("verovio/esm");
  const engrave = await engraver();
  const { musicxml } = fixture("notation")[0];
  const { pages } = await engrave({ id: 1, musicxml, width: 60, height: 40 });
  assert.ok(pages.length > 1, `${pages.length} page`);
  assert.equal((await engrave({ id: 2, musicxml: "<none/>", width: 60, height: 40 })).kind, "failed");
  assert.deepEqual(VerovioToolkit.instances, []);

  const bars = (svg) => svg.match(/class="measure"/g).length;
  const svg = stackedSvg(pages);
  assert.equal(bars(svg), musicxml.match(/<measure /g).length);
  const [, height] = /viewBox="0 0 [\d.]+ ([\d.]+)"/.exec(svg);
  const heights = pages.map((page) => Number(/viewBox="0 0 [\d.]+ ([\d.]+)"/.exec(page)[1]));
  assert.equal(
    Number(height),
    heights.reduce((sum, each) => sum + each + 36, 36),
  );
  const places = [...svg.matchAll(/<svg x="36" y="([\d.]+)"/g)].map(([, y]) => Number(y));
  assert.deepEqual(places.slice(0, 2), [36, 72 + heights[0]]);
});
