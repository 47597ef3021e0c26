// Sheet music, engraved by verovio: it is loaded when it is asked for. Options as in `layout` of adtlib/notation/engraving.py.

import { VerovioToolkit } from "verovio/esm";
import createVerovioModule from "verovio/wasm";

const STAFF_SPACE = 18; // in verovio's units of a page, tenths of a pixel
let loading = null;

self.onmessage = async ({ data }) => {
  let toolkit = null;
  try {
    loading ??= createVerovioModule();
    toolkit = new VerovioToolkit(await loading);
    toolkit.setOptions({
      pageWidth: Math.round(data.width * STAFF_SPACE),
      pageHeight: Math.round(data.height * STAFF_SPACE),
      breaks: "auto",
      beamMaxSlope: 0,
      minLastJustification: 0.5,
      header: "auto",
      footer: "none",
      font: "Leland",
      smuflTextFont: "embedded",
      scale: 100,
      adjustPageHeight: true,
      svgViewBox: true,
      xmlIdSeed: 1,
    });
    if (!toolkit.loadData(data.musicxml)) throw new Error("verovio cannot read it");
    const pages = Array.from({ length: toolkit.getPageCount() }, (_, page) => toolkit.renderToSVG(page + 1));
    self.postMessage({ id: data.id, kind: "pages", pages });
  } catch (error) {
    self.postMessage({ id: data.id, kind: "failed", message: error.message });
  } finally {
    toolkit?.destroy(); // it lies in memory that nothing else frees
  }
};
