import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { runInNewContext } from "node:vm";

import { licences } from "../licences.mjs";

test("the licences of all that the page holds are told in full", () => {
  const text = licences(["onnxruntime-web", "verovio"]);
  for (const part of [
    /onnxruntime-web [\d.]+: MIT/,
    /Copyright \(c\) Microsoft Corporation\s+Permission is hereby granted/,
    /verovio [\d.]+: LGPL-3.0-or-later/,
    /GNU LESSER GENERAL PUBLIC LICENSE/,
    /GNU GENERAL PUBLIC LICENSE\s+Version 3/,
    /github.com\/rism-digital\/verovio/,
  ])
    assert.match(text, part);
});

test("a package without a licence cannot be built into the page", () => {
  assert.throws(() => licences(["undici-types", "nothing"]), /nothing is missing: npm ci/);
  assert.throws(
    () => licences(["onnxruntime-common"]),
    /onnxruntime-common comes without its licence, MIT: put the text into page\/licences/,
  );
});

/** The service worker of a copy of the page; caches: { name: the requests that are kept in it }. */
function serviceWorker(scope, caches) {
  const listeners = {};
  const self = { registration: { scope }, addEventListener: (kind, listen) => (listeners[kind] = listen) };
  Object.assign(self, { skipWaiting() {}, clients: { claim() {} }, location: new URL(scope) });
  const storage = {
    open: async (name) => ({ addAll: async (requests) => (caches[name] = requests) }),
    keys: async () => Object.keys(caches),
    delete: async (name) => delete caches[name],
  };
  const names = { self, caches: storage, FILES: ["./", "page.js"], VERSION: "2", URL };
  names.Request = class {
    constructor(url, options) {
      Object.assign(this, { url, ...options });
    }
  };
  runInNewContext(readFileSync(new URL("../src/service_worker.js", import.meta.url), "utf8"), names);
  const happens = (kind) => new Promise((done) => listeners[kind]({ waitUntil: (work) => done(work) }));
  return { happens };
}

test("an update takes its files from the server, and leaves other copies of the page alone", async () => {
  const caches = {};
  for (const scope of ["https://example.org/", "https://example.org/a/"]) {
    const { happens } = serviceWorker(scope, caches);
    await happens("install");
    await happens("activate");
  }
  const [first, second] = Object.keys(caches);
  assert.deepEqual([Object.keys(caches).length, first === second], [2, false]);
  assert.deepEqual(
    caches[first].map(({ url, cache }) => `${url} ${cache}`),
    ["./ reload", "page.js reload"],
  );
  caches[first.replace(/2$/, "1")] = [];
  await serviceWorker("https://example.org/", caches).happens("activate");
  assert.deepEqual(Object.keys(caches), [first, second]);
});
