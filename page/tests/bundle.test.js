import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";

import { bundled, target } from "../bundle_editor.mjs";

test("the package holds the editor as it is now", async () => {
  for (const [name, text] of Object.entries(await bundled())) {
    assert.equal(readFileSync(join(target, name), "utf8"), text, `${name} is out of date: node page/bundle_editor.mjs`);
  }
});
