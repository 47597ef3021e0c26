// A slider for the threshold of each class.

import { CLASS_NAMES, CLASSES } from "../constants.js";

export class Thresholds {
  constructor(editor, box) {
    this.sliders = CLASSES.map((name, column) => {
      const line = Object.assign(document.createElement("div"), { className: "threshold" });
      const id = `threshold-${name}`;
      const label = Object.assign(document.createElement("label"), { htmlFor: id, textContent: CLASS_NAMES[name] });
      // No <output>: a screen reader would read each change of it.
      const value = Object.assign(document.createElement("span"), { className: "value" });
      const input = Object.assign(document.createElement("input"), { type: "range", id, min: 0.05, max: 0.99, step: 0.01 });
      input.addEventListener("input", () => {
        const threshold = Number(input.value);
        const values = editor.song?.picking.threshold.map((other, i) => (i === column ? threshold : other));
        if (values) editor.adjust({ threshold: values }, `threshold of ${CLASS_NAMES[name]} ${threshold.toFixed(2)}`, id);
      });
      line.append(label, value, input);
      box.append(line);
      return { name, input, value };
    });
  }

  update(song) {
    const { thresholds, counts } = song;
    for (const { name, input, value } of this.sliders) {
      if (Number(input.value) !== thresholds[name]) input.value = thresholds[name];
      input.setAttribute("aria-valuetext", `${thresholds[name].toFixed(2)}, ${counts[name]} onsets`);
      value.textContent = `${thresholds[name].toFixed(2)} (${counts[name]})`;
    }
  }
}
