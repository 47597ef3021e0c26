// Sounds as 16-bit wav files.

/** The bytes of channels of samples in [-1, 1], arrays of one length; what lies beyond is clipped. */
export function toWav(channels, rate) {
  const [count, length] = [channels.length, channels[0].length];
  const bytes = new ArrayBuffer(44 + 2 * count * length);
  const view = new DataView(bytes);
  const letters = (at, text) => [...text].forEach((letter, i) => view.setUint8(at + i, letter.charCodeAt(0)));
  letters(0, "RIFF");
  view.setUint32(4, 36 + 2 * count * length, true);
  letters(8, "WAVEfmt ");
  view.setUint32(16, 16, true);
  view.setUint16(20, 1, true); // PCM
  view.setUint16(22, count, true);
  view.setUint32(24, rate, true);
  view.setUint32(28, 2 * count * rate, true);
  view.setUint16(32, 2 * count, true);
  view.setUint16(34, 16, true);
  letters(36, "data");
  view.setUint32(40, 2 * count * length, true);
  channels.forEach((samples, channel) => {
    for (let i = 0; i < length; i++)
      view.setInt16(44 + 2 * (i * count + channel), Math.round(Math.max(-1, Math.min(samples[i], 1)) * 32_767), true);
  });
  return new Uint8Array(bytes);
}
