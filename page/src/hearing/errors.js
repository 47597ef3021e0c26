/** A recording that cannot be heard; the message says why and what to do. */
export class SoundError extends Error {}
