// Makes adtlib/panels/transcriber/editor.js and editor.css, the editor for notebooks, of the page's modules: node bundle_editor.mjs
// The package holds the two files, so that nobody needs Node.js to use it; tests/bundle.test.js says when they are out of date.

import { readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { argv } from "node:process";
import { fileURLToPath } from "node:url";

import { build } from "esbuild";

const here = dirname(fileURLToPath(import.meta.url));
export const target = join(here, "..", "adtlib", "panels", "transcriber");

/** The content of each file by its name. */
export async function bundled() {
  const { outputFiles } = await build({
    entryPoints: [join(here, "src", "notebook.js")],
    bundle: true,
    format: "esm",
    target: "es2022",
    charset: "utf8",
    absWorkingDir: here, // names in comments do not depend on where it is called
    write: false,
    banner: { js: "// Made by page/bundle_editor.mjs of page/src/notebook.js and what it imports: change those." },
  });
  const css = readFileSync(join(here, "src", "editor", "editor.css"), "utf8");
  return { "editor.js": outputFiles[0].text, "editor.css": css };
}

if (argv[1] === fileURLToPath(import.meta.url)) {
  for (const [name, text] of Object.entries(await bundled())) writeFileSync(join(target, name), text);
}
