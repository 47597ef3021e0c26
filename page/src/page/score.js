// Sheet music: engraved when it is asked for and, once it is there, again after what changes it.

import { SoundError } from "../hearing/errors.js";

const WIDTH = [78, 150]; // of a line in staff spaces, on phones and on desks
const LATER = 1_200; // milliseconds after the last change

export class Score {
  /**
   * song: a function that gives the song, with its beats, or throws a SoundError;  musicxml: a function of a song;
   * elements: { box, engrave, print, status }.
   */
  constructor({ song, musicxml, elements }) {
    Object.assign(this, { song, musicxml, ...elements, shown: null, turn: 0, questions: 0 });
    this.engrave.addEventListener("click", () => this.show());
    this.print.addEventListener("click", async () => {
      await this.show();
      if (this.shown) globalThis.print();
    });
  }

  /** Pages of SVG, each `height` staff spaces high at most. */
  pages(musicxml, height) {
    this.engraver ??= new Worker("score.worker.js", { type: "module" });
    const { engraver } = this;
    const id = ++this.questions;
    return new Promise((resolve, reject) => {
      const listening = new AbortController();
      const { signal } = listening;
      const listen = ({ data }) => {
        if (data.id !== id) return;
        listening.abort();
        if (data.kind === "pages") resolve(data.pages);
        else reject(new Error(data.message));
      };
      const broken = (event) => {
        listening.abort();
        this.engraver = null;
        reject(new Error(event.message || "verovio could not be loaded"));
      };
      engraver.addEventListener("message", listen, { signal });
      engraver.addEventListener("error", broken, { signal });
      engraver.postMessage({ id, musicxml, width: innerWidth < 640 ? WIDTH[0] : WIDTH[1], height });
    });
  }

  /** Engrave the song as it is now, if that is not what is shown. */
  async show() {
    clearTimeout(this.timer);
    const turn = ++this.turn; // another one begins where it is asked again, or another recording is opened
    try {
      const song = await this.song();
      const musicxml = this.musicxml(song);
      if (turn !== this.turn) return;
      if (musicxml !== this.shown) {
        this.status.textContent = this.shown ? "Engraving again: something changed" : "Engraving";
        const pages = await this.pages(musicxml, innerWidth < 640 ? 110 : 212);
        if (turn !== this.turn) return;
        this._clear();
        this._fill(pages, song.name);
        this.shown = musicxml;
        await Promise.all([...this.box.children].map((image) => image.decode()));
        if (turn !== this.turn) return;
      }
      const { length } = this.box.children;
      this.status.textContent = `${length} page${length > 1 ? "s" : ""}; it follows corrections.`;
      this.print.hidden = false;
      this.engrave.hidden = true;
    } catch (error) {
      if (turn !== this.turn) return;
      this.status.textContent = error instanceof SoundError ? error.message : `It could not be engraved (${error.message}).`;
    }
  }

  _fill(pages, name) {
    this.box.append(
      ...pages.map((page, i) =>
        Object.assign(document.createElement("img"), {
          src: URL.createObjectURL(new Blob([page], { type: "image/svg+xml" })),
          alt: `Sheet music of ${name}, page ${i + 1} of ${pages.length}`,
        }),
      ),
    );
  }

  /** Something may have changed in the song. */
  changed(song) {
    if (!this.shown || !song.beats) return;
    const stale = this.musicxml(song) !== this.shown;
    this.box.classList.toggle("stale", stale);
    clearTimeout(this.timer);
    if (stale) this.timer = setTimeout(() => this.show(), LATER);
  }

  /** Nothing is shown, and what is being engraved is left: another recording is opened. */
  close() {
    clearTimeout(this.timer);
    this.turn++;
    this._clear();
    this.status.textContent = "";
  }

  _clear() {
    for (const image of this.box.children) URL.revokeObjectURL(image.src);
    this.box.replaceChildren();
    this.box.classList.remove("stale");
    this.shown = null;
    this.print.hidden = true;
    this.engrave.hidden = false;
  }
}
