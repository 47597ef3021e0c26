// The editor as a widget of a notebook (anywidget): adtlib/panels/transcriber/editor.py is its other half. Recordings, thresholds and
// beats come from there, corrections and the part that is shown go there; sound is asked for in pieces, so that an hour opens as fast
// as a minute. `node page/bundle_editor.mjs` makes the file that the package holds.

import { Editor } from "./editor/editor.js";
import { Beats } from "./notation/beats.js";
import { Song } from "./song.js";

const KEPT = 12; // pieces of sound

export default {
  render({ model, el }) {
    el.dataset.lmSuppressShortcuts = "true"; // keys are the editor's, not JupyterLab's
    const editor = new Editor(el, { correcting: true });
    const open = () => openRecording(editor, model);
    // What the editor has itself said comes back, too: it is left.
    const on = {
      "change:recording": open,
      "change:thresholds": () => editor.song && editor.show(withThresholds(editor.song, model)),
      "change:beats": () => editor.song && editor.show(editor.song.with({ tracked: beatsOf(model) })),
      "change:edits": () => JSON.stringify(editsOf(model)) !== JSON.stringify(editor.history.present.edits) && open(),
      "change:view": () => {
        const [start, span] = model.get("view");
        if (span && (start !== editor.view.start || span !== editor.view.span)) editor.look(start, span);
      },
    };
    for (const [event, action] of Object.entries(on)) model.on(event, action);
    const say = (name, value) => {
      model.set(name, value);
      model.save_changes();
    };
    editor.addEventListener("change", () => say("edits", { of: editor.recording, made: editor.history.present.edits }));
    editor.addEventListener("view", () => say("view", [editor.view.start, editor.view.span]));
    open();
    return () => {
      editor.close();
      for (const [event, action] of Object.entries(on)) model.off(event, action);
    };
  },
};

function openRecording(editor, model) {
  const recording = model.get("recording");
  editor.recording = recording.id;
  if (!recording.id) {
    editor.open({ peaks: null, seconds: 1, sound: null });
    return;
  }
  const { duration, picking } = recording;
  const [peaks, activations, energies] = ["peaks", "activations", "energies"].map((name) => floats(recording[name]));
  editor.open({ peaks, seconds: duration, sound: new KernelSound(model, recording), state: { edits: editsOf(model) } });
  const [start, span] = model.get("view");
  if (span) editor.look(start, span);
  editor.show(withThresholds(new Song({ name: "", duration, activations, energies, picking, tracked: beatsOf(model) }), model));
}

const editsOf = (model) => (model.get("edits").of === model.get("recording").id ? model.get("edits").made : []);

const withThresholds = (song, model) => song.with({ picking: { ...song.picking, threshold: model.get("thresholds") } });

function beatsOf(model) {
  const beats = model.get("beats");
  return beats.of === model.get("recording").id ? new Beats(beats.times, beats.positions, beats.found) : null;
}

/** Float32 of a message's bytes, which need not begin at a multiple of four. */
const floats = (view) => new Float32Array(view.buffer.slice(view.byteOffset, view.byteOffset + view.byteLength));

/** The recording in pieces of `piece` seconds, 16-bit mono: see player.js. */
class KernelSound {
  constructor(model, { id, duration, rate, piece }) {
    Object.assign(this, { model, id, duration, rate, piece, pieces: new Map() });
  }

  ready(from) {
    return this._piece(Math.floor(from / this.piece));
  }

  play(output, from, when) {
    let [timer, stopped] = [null, false];
    const nodes = new Set();
    const { context } = output;
    const playPiece = async (number) => {
      const buffer = await this._piece(number);
      if (stopped) return;
      const begins = when + Math.max(number * this.piece - from, 0);
      const late = Math.max(context.currentTime - begins, 0);
      const node = new AudioBufferSourceNode(context, { buffer });
      node.connect(output);
      node.onended = () => nodes.delete(node);
      nodes.add(node);
      node.start(begins + late, Math.max(from - number * this.piece, 0) + late);
      if ((number + 1) * this.piece >= this.duration) return;
      this._piece(number + 1);
      timer = setTimeout(() => playPiece(number + 1), 1_000 * Math.max(begins - context.currentTime + 0.5, 0.5));
    };
    playPiece(Math.floor(from / this.piece));
    return (at) => {
      stopped = true;
      clearTimeout(timer);
      for (const node of nodes) node.stop(at);
    };
  }

  /** A promise of an AudioBuffer. */
  _piece(number) {
    if (!this.pieces.has(number)) {
      if (this.pieces.size >= KEPT) this.pieces.delete(this.pieces.keys().next().value);
      this.pieces.set(number, this._ask(number));
    }
    return this.pieces.get(number);
  }

  _ask(number) {
    return new Promise((resolve) => {
      const receive = (content, [bytes]) => {
        if (content.sound !== this.id || content.piece !== number) return;
        this.model.off("msg:custom", receive);
        const samples = new Int16Array(bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.byteLength));
        const buffer = new AudioBuffer({ length: Math.max(samples.length, 1), sampleRate: this.rate });
        buffer.copyToChannel(
          Float32Array.from(samples, (sample) => sample / 32_768),
          0,
        );
        resolve(buffer);
      };
      this.model.on("msg:custom", receive);
      this.model.send({ sound: this.id, piece: number });
    });
  }
}
