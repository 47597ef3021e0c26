// Drum tablature: a song as plain text, byte for byte that of adtlib/notation/drum_tab.py for bars of four quarters and five classes.

import { inLine } from "../markup.js";
import { fixed } from "../numbers.js";
import { BEATS_A_BAR } from "./beats.js";
import { DIVISIONS, isGhost, songStrokes } from "./patterns.js";

// From top to bottom: what the rows are called, and the sign of a stroke.
const ROWS = { CY: ["C ", "x"], HH: ["HH", "x"], TT: ["T ", "o"], SD: ["SD", "o"], KD: ["BD", "o"] };
const COUNTS = { 4: "e&a", 3: "tl", 8: "-e-&-a-", 6: "-t-l-" }; // after the number of a beat, by its columns
const COLUMNS = [4, 3, 8, 6]; // the usual ones first
const WIDTH = 79;
const BAR = BEATS_A_BAR * DIVISIONS;

/** The tablature of a song { events, beats, name }, in lines of at most 79 characters, or of one bar where it is longer. */
export function drumTab({ events, beats, name }, quantise = null) {
  const { strokes } = songStrokes(events, beats, quantise);
  const title = inLine(name) || "Drums";
  if (!strokes.length) return `${title}\nno strokes\n`;
  const used = Object.keys(ROWS).filter((row) => strokes.some((stroke) => stroke.name === row));
  const inBar = Array.from({ length: Math.floor(strokes.at(-1).at / BAR) + 1 }, () => []);
  for (const stroke of strokes) inBar[Math.floor(stroke.at / BAR)].push({ ...stroke, at: stroke.at % BAR });
  const bars = inBar.map((inside) => drawn(inside, used));
  const about = `${fixed(beats.bpm, 0)} beats a minute; x cymbal, o drum, g ghost; 1e&a sixteenths, 1tl triplets`;
  const lines = [title, about, ""];
  for (let number = 0; number < bars.length;) {
    let end = number + 1;
    while (end < bars.length && widthOf(bars.slice(number, end + 1)) <= WIDTH) end++;
    const system = bars.slice(number, end);
    lines.push(`bar ${number + 1}`, `   ${system.map((bar) => bar.counts).join(" ")}`);
    for (const row of used) lines.push(`${ROWS[row][0]}|${system.map((bar) => bar.rows[row]).join("|")}|`);
    lines.push("");
    number = end;
  }
  return lines.join("\n");
}

const widthOf = (system) => 3 + system.reduce((sum, bar) => sum + bar.counts.length + 1, 0);

/** { counts: the line of counts, rows: { class: signs } } of the strokes of a bar; their places count from its start. */
function drawn(strokes, used) {
  const bar = { counts: "", rows: Object.fromEntries(used.map((row) => [row, ""])) };
  for (let beat = 0; beat < BEATS_A_BAR; beat++) {
    const inside = strokes.filter(({ at }) => Math.floor(at / DIVISIONS) === beat);
    const columns = COLUMNS.find((count) => inside.every(({ at }) => (at % DIVISIONS) % (DIVISIONS / count) === 0));
    bar.counts += `${beat + 1}${COUNTS[columns]}`;
    for (const row of used) {
      const signs = new Array(columns).fill("-");
      for (const stroke of inside)
        if (stroke.name === row) signs[((stroke.at % DIVISIONS) * columns) / DIVISIONS] = isGhost(stroke) ? "g" : ROWS[row][1];
      bar.rows[row] += signs.join("");
    }
  }
  return bar;
}
