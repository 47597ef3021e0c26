// The colours of the picture: custom properties of editor.css as the browser resolves them, so that the picture follows a dark scheme and
// forced colours as everything around it does.

import { CLASSES } from "../constants.js";

const NAMES = ["ink", "quiet", "faint", "paper", "bar", "part", "wave", "playhead", "selection", ...CLASSES];
const QUERIES = ["(prefers-color-scheme: dark)", "(forced-colors: active)"];

export class Theme {
  /** root: an element of the class drum-editor;  changed: called when the scheme is another. */
  constructor(root, changed) {
    this.probe = Object.assign(document.createElement("span"), { className: "probe", hidden: true });
    root.append(this.probe);
    this.listening = new AbortController();
    const again = () => {
      this.read = null;
      changed();
    };
    for (const query of QUERIES) matchMedia(query).addEventListener("change", again, { signal: this.listening.signal });
  }

  /** { name: colour }. */
  get colours() {
    return (this.read ??= Object.fromEntries(NAMES.map((name) => [name, this._resolved(name)])));
  }

  close() {
    this.listening.abort();
  }

  _resolved(name) {
    this.probe.style.color = `var(--editor-${name.toLowerCase()})`;
    return getComputedStyle(this.probe).color;
  }
}
