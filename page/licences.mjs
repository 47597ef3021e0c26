// The licences of what the built page holds, as one text.

import { existsSync, readdirSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const here = dirname(fileURLToPath(import.meta.url));
const read = (...parts) => readFileSync(join(here, ...parts), "utf8").trim();
const own = read("..", "LICENSE");
// Of packages that come without the text of their licence.
const KNOWN = {
  "onnxruntime-web": { MIT: [own.replace(/^Copyright .*$/m, "Copyright (c) Microsoft Corporation")] },
  verovio: { "LGPL-3.0-or-later": [read("licences", "LGPL-3.0.txt"), read("licences", "GPL-3.0.txt")] },
};

/** The licence of this page and those of packages of node_modules. Error where a text is neither in the package nor known here. */
export function licences(packages) {
  const parts = packages.map((name) => {
    const folder = join(here, "node_modules", name);
    if (!existsSync(folder)) throw new Error(`${name} is missing: npm ci --prefix page`);
    const { version, license, repository } = JSON.parse(readFileSync(join(folder, "package.json"), "utf8"));
    const file = readdirSync(folder).find((each) => /^(licen[cs]e|copying)/i.test(each));
    const texts = file ? [readFileSync(join(folder, file), "utf8").trim()] : KNOWN[name]?.[license];
    if (!texts)
      throw new Error(`${name} comes without its licence, ${license}: put the text into page/licences, and it into licences.mjs`);
    return [`${name} ${version}: ${license}`, `Its source: ${repository?.url ?? "in the package of npm"}`, ...texts];
  });
  return [["adtlib, its model and this page", own], ...parts]
    .map(([title, ...texts]) => `${title}\n${"=".repeat(title.length)}\n\n${texts.join("\n\n")}\n`)
    .join("\n\n");
}
