// Sheet music: engraved when it is asked for and, once it is there, again after what changes it.

const WIDTH = [78, 150]; // of a line in staff spaces, on phones and on desks
const LATER = 1_200; // milliseconds after the last change

export class Score {
  /** song: a function that gives the song, with its beats;  musicxml: a function of a song;  elements: { box, engrave, print, status }. */
  constructor({ song, musicxml, elements }) {
    Object.assign(this, { song, musicxml, ...elements, shown: null, turn: 0 });
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
    const id = ++this.turn;
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
    const song = await this.song();
    if (!song?.beats) return;
    const musicxml = this.musicxml(song);
    if (musicxml === this.shown) return;
    this.status.textContent = this.shown ? "Engraving again: something changed" : "Engraving";
    try {
      const pages = await this.pages(musicxml, innerWidth < 640 ? 110 : 212);
      this.close();
      this.shown = musicxml;
      this.box.append(
        ...pages.map((page, i) =>
          Object.assign(document.createElement("img"), {
            src: URL.createObjectURL(new Blob([page], { type: "image/svg+xml" })),
            alt: `Sheet music of ${song.name}, page ${i + 1} of ${pages.length}`,
          }),
        ),
      );
      await Promise.all([...this.box.children].map((image) => image.decode()));
      this.status.textContent = `${pages.length} page${pages.length > 1 ? "s" : ""}; it follows corrections.`;
      this.print.hidden = false;
      this.engrave.hidden = true;
    } catch (error) {
      this.status.textContent = `It could not be engraved (${error.message}).`;
    }
  }

  /** Something may have changed in the song. */
  changed(song) {
    if (!this.shown || !song.beats) return;
    const stale = this.musicxml(song) !== this.shown;
    this.box.classList.toggle("stale", stale);
    clearTimeout(this.timer);
    if (stale) this.timer = setTimeout(() => this.show(), LATER);
  }

  close() {
    clearTimeout(this.timer);
    for (const image of this.box.children) URL.revokeObjectURL(image.src);
    this.box.replaceChildren();
    this.box.classList.remove("stale");
    Object.assign(this, { shown: null });
    this.print.hidden = true;
    this.engrave.hidden = false;
    this.status.textContent = "";
  }
}
