// Builds the page into one static folder: node build.mjs MODEL.onnx FOLDER

import { createHash } from "node:crypto";
import { cpSync, mkdirSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { dirname, join, relative } from "node:path";
import { fileURLToPath } from "node:url";
import { gzipSync } from "node:zlib";

import { build } from "esbuild";

import { licences } from "./licences.mjs";

const here = dirname(fileURLToPath(import.meta.url));
const [model, folder] = process.argv.slice(2);
if (!folder) throw new Error("usage: node build.mjs MODEL.onnx FOLDER");
const from = (...parts) => join(here, ...parts);
const LARGEST = 25e6; // bytes of the folder
const PACKAGES = ["onnxruntime-web", "verovio"]; // what the page holds of others

rmSync(folder, { recursive: true, force: true });
mkdirSync(folder, { recursive: true });
const common = {
  bundle: true,
  format: "esm",
  target: "es2023",
  minify: true,
  outdir: folder,
  logLevel: "warning",
  legalComments: "none",
  charset: "utf8",
};
await build({
  ...common,
  entryPoints: ["page.js", "hearing/prepare.worker.js", "hearing/network.worker.js", "score.worker.js"].map((name) =>
    from("src", name),
  ),
  outbase: from("src"),
  entryNames: "[name]",
  // verovio's module looks for Node.js, which is not here.
  external: ["node:*", "module", "fs", "path", "url", "crypto", "worker_threads"],
});
for (const name of ["index.html", "style.css", "icon.svg", "manifest.webmanifest"]) cpSync(from("src", name), join(folder, name));
cpSync(from("src/editor/editor.css"), join(folder, "editor.css"));
cpSync(model, join(folder, "adt.onnx"));
// Three quarters smaller, whatever the server does; the page unpacks it.
const wasm = readFileSync(from("node_modules/onnxruntime-web/dist/ort-wasm-simd-threaded.wasm"));
writeFileSync(join(folder, "onnxruntime.wasm.gzip"), gzipSync(wasm, { level: 9 }));
writeFileSync(join(folder, "licences.txt"), licences(PACKAGES));

const files = readdirSync(folder, { recursive: true })
  .filter((name) => statSync(join(folder, name)).isFile())
  .sort();
const hash = createHash("sha256");
for (const name of files) hash.update(name).update(readFileSync(join(folder, name)));
await build({
  ...common,
  entryPoints: [from("src/service_worker.js")],
  define: {
    FILES: JSON.stringify(["./", ...files.map((name) => relative(folder, join(folder, name)))]),
    VERSION: JSON.stringify(hash.digest("hex").slice(0, 12)),
  },
});
const size = readdirSync(folder).reduce((sum, name) => sum + statSync(join(folder, name)).size, 0);
console.log(`${folder}: ${(size / 1e6).toFixed(1)} MB`);
if (size > LARGEST) throw new Error(`${folder} has ${(size / 1e6).toFixed(1)} MB, more than ${LARGEST / 1e6}`);
