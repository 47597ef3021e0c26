// Shift JIS as Python's codec shift_jis encodes it, for .dtx files: browsers decode it only, and as Windows does.

// Rows of JIS X 0208 with characters; browsers' rows 13 and from 89 on are extensions.
const inStandard = (row) => row <= 8 || (row >= 16 && row <= 84);
// What Windows takes for another character than the standard, and the signs that replaced two of ASCII's in Japan.
const OTHERS = { "〜": 0x8160, "‖": 0x8161, "−": 0x817c, "¢": 0x8191, "£": 0x8192, "¬": 0x81ca, "¥": 0x5c, "‾": 0x7e };
const OF_WINDOWS = [..."～∥－￠￡￢"];
const UNKNOWN = 63; // a question mark
let table = null; // { character: one byte, or two as one number }

function codes() {
  if (table) return table;
  const decoder = new TextDecoder("shift_jis");
  table = new Map();
  for (let code = 0; code < 128; code++) table.set(String.fromCharCode(code), code);
  for (let code = 0xa1; code <= 0xdf; code++) table.set(decoder.decode(Uint8Array.of(code)), code);
  for (let row = 1; row <= 84; row++) {
    if (!inStandard(row)) continue;
    const lead = ((row - 1) >> 1) + (row < 63 ? 0x81 : 0xc1);
    for (let cell = 1; cell <= 94; cell++) {
      const trail = row % 2 ? cell + (cell < 64 ? 0x3f : 0x40) : cell + 0x9e;
      const character = decoder.decode(Uint8Array.of(lead, trail));
      if ([...character].length === 1 && character !== "\ufffd") table.set(character, (lead << 8) | trail);
    }
  }
  for (const character of OF_WINDOWS) table.delete(character);
  for (const [character, code] of Object.entries(OTHERS)) table.set(character, code);
  return table;
}

/** The bytes of a text; characters that Shift JIS lacks become question marks. */
export function shiftJis(text) {
  const bytes = [...text].flatMap((character) => {
    const code = codes().get(character) ?? UNKNOWN;
    return code > 255 ? [code >> 8, code & 255] : [code];
  });
  return Uint8Array.from(bytes);
}

/** Whether Shift JIS has every character of a text. */
export const inShiftJis = (text) => [...text].every((character) => codes().has(character));
