// Files decoded by the browser, at their own rate where the header says it: the browser's resampler is another than the package's.

import { contentKey } from "../files/corrections.js";
import { SoundError } from "./errors.js";
import { ascii, chunk, expectedSeconds, rateOf, statedSeconds } from "./headers.js";

const MOST_MINUTES = 30; // of stereo: 640 MB as floats, as much again for the worker that prepares it, half of that mixed
const MOST_BYTES = 600e6; // 30 minutes of 24 bits in stereo at 48 kHz have 518 MB
const ELSE = "split it, or use adt transcribe";
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
  if (file.size > MOST_BYTES)
    throw new SoundError(`It has ${Math.round(file.size / 1e6).toLocaleString("en")} MB, too much for a browser: ${ELSE}.`);
  const bytes = await file.arrayBuffer().catch(() => {
    throw new SoundError(`It cannot be read: ${COPY}.`);
  });
  const content = new Uint8Array(bytes);
  check(content);
  checkLength(expectedSeconds(content)); // before it is decoded, which takes 1.3 GB for an hour
  const [rate, stated, key] = [rateOf(content), statedSeconds(content), await contentKey(content)]; // decoding takes the bytes away
  const context = new OfflineAudioContext(1, 1, rate);
  const buffer = await context.decodeAudioData(bytes).catch(() => {
    throw new SoundError(
      `This browser cannot decode it: it is damaged, or of a kind that it does not know; convert it to mp3, ogg or wav.`,
    );
  });
  checkLength(buffer.duration);
  return { sound: buffer, stated, key };
}

function checkLength(seconds) {
  if (seconds > MOST_MINUTES * 60)
    throw new SoundError(`It is longer than ${MOST_MINUTES} minutes, too long for a browser: ${ELSE}.`);
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
