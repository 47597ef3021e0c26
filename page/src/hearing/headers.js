// What the headers of sound files say: the rate and the length of their sound.

import { SAMPLE_RATE } from "../constants.js";

/** { begin, size } of the content of a chunk of a wav file, null where there is none. */
export function chunk(bytes, name) {
  if (ascii(bytes, 0, 4) !== "RIFF" || ascii(bytes, 8, 4) !== "WAVE") return null;
  const view = viewOf(bytes);
  for (let at = 12; at + 8 <= bytes.length;) {
    const size = view.getUint32(at + 4, true);
    if (ascii(bytes, at, 4) === name) return { begin: at + 8, size };
    at += 8 + size + (size % 2);
  }
  return null;
}

/** The sampling rate that a header states, where the browser can decode at it; else 44.1 kHz. */
export function rateOf(bytes) {
  const rate = statedRate(bytes);
  return rate >= 8_000 && rate <= 96_000 ? rate : SAMPLE_RATE;
}

function statedRate(bytes) {
  const view = viewOf(bytes);
  const form = chunk(bytes, "fmt ");
  if (form) return form.begin + 8 <= bytes.length ? view.getUint32(form.begin + 4, true) : 0;
  const start = ascii(bytes, 0, 4);
  if (start === "fLaC" && bytes.length > 20) return flacRate(bytes);
  if (start === "OggS" && bytes.length > 48)
    return ascii(bytes, 28, 8) === "OpusHead" ? 48_000 : ascii(bytes, 29, 6) === "vorbis" ? view.getUint32(40, true) : 0;
  return mpegFrame(bytes)?.rate ?? 0;
}

/** Seconds of sound in a whole file of mp3 with a header of Xing or LAME, or of flac; null where none are stated. */
export function statedSeconds(bytes) {
  const view = viewOf(bytes);
  if (ascii(bytes, 0, 4) === "fLaC" && bytes.length > 26) {
    const rate = flacRate(bytes);
    const samples = (bytes[21] & 15) * 2 ** 32 + view.getUint32(22);
    return rate && samples ? samples / rate : null;
  }
  const frame = mpegFrame(bytes);
  if (!frame) return null;
  for (const offset of [36, 21, 13]) {
    const at = frame.at + offset; // behind the side information of stereo or mono
    if (at + 12 > bytes.length || !["Xing", "Info"].includes(ascii(bytes, at, 4)) || !(bytes[at + 7] & 1)) continue;
    return (view.getUint32(at + 8) * (frame.version === 3 ? 1_152 : 576)) / frame.rate;
  }
  return null;
}

/** Seconds that a file will have when it is decoded, as far as its header or its last page says it; null where it does not. */
export function expectedSeconds(bytes) {
  return statedSeconds(bytes) ?? wavSeconds(bytes) ?? oggSeconds(bytes) ?? mp4Seconds(bytes);
}

function wavSeconds(bytes) {
  const [form, samples] = [chunk(bytes, "fmt "), chunk(bytes, "data")];
  if (!form || !samples || form.begin + 12 > bytes.length) return null;
  const rate = viewOf(bytes).getUint32(form.begin + 8, true); // of bytes
  return rate ? Math.min(samples.size, bytes.length - samples.begin) / rate : null;
}

/** Of Vorbis and Opus: the number of samples that the last page counts. */
function oggSeconds(bytes) {
  const rate = ascii(bytes, 0, 4) === "OggS" ? statedRate(bytes) : 0;
  if (!rate) return null;
  const view = viewOf(bytes);
  for (let at = bytes.length - 14; at > 0; at--) {
    if (bytes[at] !== 0x4f || ascii(bytes, at, 4) !== "OggS") continue;
    const samples = Number(view.getBigInt64(at + 6, true));
    return samples > 0 ? samples / rate : null;
  }
  return null;
}

/** Of m4a and mp4: the length of the whole film. */
function mp4Seconds(bytes) {
  const head = ascii(bytes, 4, 4) === "ftyp" ? box(bytes, ["moov", "mvhd"]) : null;
  if (!head || head.length < 32) return null;
  const view = viewOf(head);
  const [scale, length] = head[0] ? [view.getUint32(20), Number(view.getBigUint64(24))] : [view.getUint32(12), view.getUint32(16)];
  return scale && length < 0xffffffff ? length / scale : null;
}

/** The content of a box in boxes, by their names. */
function box(bytes, [name, ...inner]) {
  const view = viewOf(bytes);
  for (let at = 0; at + 16 <= bytes.length;) {
    const short = view.getUint32(at);
    const size = short === 1 ? Number(view.getBigUint64(at + 8)) : short || bytes.length;
    if (size < 8) return null;
    const content = bytes.subarray(at + (short === 1 ? 16 : 8), at + size);
    if (ascii(bytes, at + 4, 4) === name) return inner.length ? box(content, inner) : content;
    at += size;
  }
  return null;
}

const flacRate = (bytes) => (bytes[18] << 12) | (bytes[19] << 4) | (bytes[20] >> 4);

/** { at, version, rate } of the first frame of mp3, version 3 for MPEG 1; null where there is none. */
function mpegFrame(bytes) {
  if (ascii(bytes, 0, 3) !== "ID3" && bytes[0] !== 0xff) return null;
  const tagged = ascii(bytes, 0, 3) === "ID3";
  const begin = tagged ? 10 + ((bytes[6] << 21) | (bytes[7] << 14) | (bytes[8] << 7) | bytes[9]) : 0;
  for (let at = begin; at + 4 <= Math.min(bytes.length, begin + 8_192); at++) {
    if (bytes[at] !== 0xff || (bytes[at + 1] & 0xe0) !== 0xe0) continue;
    if ((bytes[at + 1] & 0xf6) === 0xf0) return null; // AAC, whose frames begin alike: its rate may be half of what is decoded
    const [version, layer, index] = [(bytes[at + 1] >> 3) & 3, (bytes[at + 1] >> 1) & 3, (bytes[at + 2] >> 2) & 3];
    if (version === 1 || layer === 0 || index === 3) continue;
    return { at, version, rate: [44_100, 48_000, 32_000][index] / { 3: 1, 2: 2, 0: 4 }[version] };
  }
  return null;
}

const viewOf = (bytes) => new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
export const ascii = (bytes, at, length) => String.fromCharCode(...bytes.subarray(at, at + length));
