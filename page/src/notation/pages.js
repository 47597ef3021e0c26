// Pages of sheet music below each other: stacked_svg of adtlib/notation/pages.py.

const EDGE = 36; // verovio's units around a page, two staff spaces

/** Pages of SVG that verovio made with a viewBox, as one picture on white. */
export function stackedSvg(pages) {
  const sizes = pages.map((page) => {
    const [, width, height] = /<svg viewBox="0 0 ([\d.]+) ([\d.]+)"/.exec(page);
    return { width: Number(width), height: Number(height) };
  });
  const width = Math.max(...sizes.map((size) => size.width)) + 2 * EDGE;
  let y = EDGE;
  const parts = pages.map((page, i) => {
    const { width: own, height } = sizes[i];
    const placed = page
      .slice(page.indexOf("<svg "))
      .replace("<svg ", `<svg x="${EDGE}" y="${y}" width="${own}" height="${height}" `);
    y += height + EDGE;
    return placed;
  });
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${y}">
<rect width="100%" height="100%" fill="white"/>
${parts.join("\n")}
</svg>
`;
}
