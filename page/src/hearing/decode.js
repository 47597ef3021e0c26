// Files decoded by the browser, at their own rate where the header says it: the browser's resampler is another than the package's.

import { SAMPLE_RATE } from "../constants.js";
import { contentKey } from "../files/corrections.js";
import { SoundError } from "./errors.js";

const MOST_MINUTES = 30; // in memory as floats: 640 MB in stereo
const COPY = "copy or download it again";
// What is chosen by mistake, by its first bytes.
const OTHERS = [
  ["MThd", "MIDI"],
  ["\x89PNG", "a picture"],
  ["GIF8", "a picture"],
  ["\xff\xd8\xff", "a picture"],
  ["%PDF", "a document"],
  ["PK\x03\x04", "an archive or a document"],
];

/**
 * { sound, stated, key }: an AudioBuffer of the file, the seconds that its header states, null where it states none, and its contentKey.
 *
 * SoundError, with a sentence for the user, where it cannot be decoded.
 */
export async function decoded(file) {
  const bytes = await file.arrayBuffer().catch(() => {
    throw new SoundError(`It cannot be read: ${COPY}.`);
  });
  const content = new Uint8Array(bytes);
  check(content);
  const [rate, stated, key] = [rateOf(content), statedSeconds(content), await contentKey(content)]; // decoding takes the bytes away
  const context = new OfflineAudioContext(1, 1, rate);
  const buffer = await context.decodeAudioData(bytes).catch(() => {
    throw new SoundError(
      `This browser cannot decode it: it is damaged, or of a kind that it does not know; convert it to mp3, ogg or wav.`,
    );
  });
  if (buffer.duration > MOST_MINUTES * 60) {
    throw new SoundError(`It is longer than ${MOST_MINUTES} minutes, too long for a browser: split it, or use adt transcribe.`);
  }
  return { sound: buffer, stated, key };
}

/** SoundError for what is empty, text, or a wav file that was cut: adtlib/audio/files.py check_file, adtlib/audio/chunks.py. */
function check(bytes) {
  if (!bytes.length) throw new SoundError(`It is empty: ${COPY}.`);
  const start = bytes.subarray(0, 4096);
  const saved = "choose the recording; of the files saved here, the JSON can be opened again";
  const [, other] = OTHERS.find(([letters]) => ascii(bytes, 0, letters.length) === letters) ?? [];
  if (other) throw new SoundError(`It is ${other}, no recording: ${saved}.`);
  if (!start.includes(0) && isText(start)) throw new SoundError(`It is text, no recording: ${saved}.`);
  const samples = chunk(bytes, "data");
  const streamed = [0x7f000008, 0x7ffff000, 0x80000000, 0xffffffff].some(
    (mark) => samples && mark - samples.size >= 0 && mark - samples.size <= 4096,
  );
  if (samples && !streamed && samples.size - (bytes.length - samples.begin) > 64) {
    throw new SoundError(
      `It is cut (${(bytes.length - samples.begin).toLocaleString("en")} of ${samples.size.toLocaleString("en")} bytes of samples): ${COPY}.`,
    );
  }
}

function isText(start) {
  try {
    new TextDecoder("utf-8", { fatal: true }).decode(start, { stream: true });
    return true;
  } catch {
    return false;
  }
}

/** { begin, size } of the content of a chunk of a wav file, null where there is none. */
function chunk(bytes, name) {
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
  if (form) return view.getUint32(form.begin + 4, true);
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

const flacRate = (bytes) => (bytes[18] << 12) | (bytes[19] << 4) | (bytes[20] >> 4);

/** { at, version, rate } of the first frame of mp3, version 3 for MPEG 1; null where there is none. */
function mpegFrame(bytes) {
  if (ascii(bytes, 0, 3) !== "ID3" && bytes[0] !== 0xff) return null;
  const tagged = ascii(bytes, 0, 3) === "ID3";
  const begin = tagged ? 10 + ((bytes[6] << 21) | (bytes[7] << 14) | (bytes[8] << 7) | bytes[9]) : 0;
  for (let at = begin; at + 4 <= Math.min(bytes.length, begin + 8_192); at++) {
    if (bytes[at] !== 0xff || (bytes[at + 1] & 0xe0) !== 0xe0) continue;
    const [version, index] = [(bytes[at + 1] >> 3) & 3, (bytes[at + 2] >> 2) & 3];
    if (version === 1 || index === 3) continue;
    return { at, version, rate: [44_100, 48_000, 32_000][index] / { 3: 1, 2: 2, 0: 4 }[version] };
  }
  return null;
}

const viewOf = (bytes) => new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
const ascii = (bytes, at, length) => String.fromCharCode(...bytes.subarray(at, at + length));
