// What the network heard, as onsets are picked from it: Pretrained.looked_again of adtlib/transcription/pretrained.py.

import { secondLook } from "./repetition.js";
import { withRests } from "./rests.js";

/** Activations (T * 5) after the second look and with rests. metadata, track  as `secondLook` takes them. */
export async function lookedAgain(activations, metadata, track) {
  return withRests(await secondLook(activations, metadata, track), metadata);
}
