// Onsets as labels on the time line of Audacity, Reaper and Sonic Visualiser, byte for byte those of adtlib/transcription/labels.py.
// events: [{ seconds, name }], sorted.

import { SAMPLE_RATE } from "../constants.js";
import { inXml } from "../markup.js";
import { fixed, rint } from "../numbers.js";

const COLOURS = { KD: "0072B2", SD: "D55E00", TT: "009E73", HH: "E69F00", CY: "CC79A7" }; // of Reaper's markers

/** A label track for Audacity: start, end and label of each onset, separated by tabs. */
export function audacityLabels(events) {
  return events.map(({ seconds, name }) => `${fixed(seconds, 6)}\t${fixed(seconds, 6)}\t${name}\n`).join("");
}

/** A table that Reaper's Region/Marker Manager imports: a marker an onset, in minutes and seconds. */
export function reaperMarkers(events) {
  const lines = events.map(({ seconds, name }, i) => {
    const milliseconds = rint(seconds * 1000);
    const rest = ((milliseconds % 60_000) / 1000).toFixed(3).padStart(6, "0");
    return `M${i + 1},${name},${Math.floor(milliseconds / 60_000)}:${rest},,,${COLOURS[name]}`;
  });
  return ["#,Name,Start,End,Length,Color", ...lines].join("\n") + "\n";
}

/** A layer of labelled time instants for Sonic Visualiser. duration  of the recording in seconds;  name  of the layer. */
export function sonicVisualiserLayer(events, duration, name) {
  const points = events.map(
    ({ seconds, name: label }) => `      <point frame="${rint(seconds * SAMPLE_RATE)}" label="${label}" />\n`,
  );
  const title = inXml(name);
  const model = [
    `id="1" name="${title}" sampleRate="${SAMPLE_RATE}" start="0" end="${rint(duration * SAMPLE_RATE)}" type="sparse"`,
    'dimensions="1" resolution="1" notifyOnAdd="true" dataset="0"',
  ].join(" ");
  const layer = [
    `id="2" type="timeinstants" name="${title}" model="1" plotStyle="0" colourName="Purple" colour="#c832ff"`,
    'darkBackground="false"',
  ].join(" ");
  return `<?xml version="1.0" encoding="UTF-8"?>
<!DOCTYPE sonic-visualiser>
<sv>
  <data>
    <model ${model} />
    <dataset id="0" dimensions="1">
${points.join("")}    </dataset>
  </data>
  <display>
    <layer ${layer} />
  </display>
</sv>
`;
}
