// The worker that prepares recordings, and tracks beats afterwards.

import { trackBeats } from "../notation/beat_tracking.js";
import { SoundError } from "./errors.js";
import { prepare } from "./prepare.js";

self.onmessage = ({ data }) => {
  const answer = (message, transfer = []) => self.postMessage({ id: data.id, ...message }, transfer);
  try {
    if (data.kind === "beats") {
      const { times, positions, found } = trackBeats(data.onsets, data.seconds);
      answer({ kind: "beats", times, positions, found });
      return;
    }
    prepare(data.channels, data.rate, data.window, (message) => {
      const arrays = [message.features, message.energies, message.peaks].filter(Boolean);
      answer(
        message,
        arrays.map((array) => array.buffer),
      );
    });
    answer({ kind: "prepared" });
  } catch (error) {
    answer({ kind: "failed", message: error instanceof SoundError ? error.message : `It could not be heard (${error.message}).` });
  }
};
