// Any text in one line, or as XML: adtlib/markup.py. Titles and names of files come from outside and may hold every character.

const UNSEEN = /[\u0000-\u0008\u000e-\u001f\u007f-\u009f\u202a-\u202e\u2066-\u2069\ud800-\udfff\ufdd0-\ufdef\ufffe\uffff]/gu;
const BREAKS = /[\r\v\f\u001c-\u001e\u0085\u2028\u2029]/g;
const ENTITIES = { "&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;", "'": "&#x27;" };

/** What cannot be seen becomes its number, as \x01 or \udcf6; line feeds and tabs stay, other line ends become blanks. */
function visible(text) {
  return text.replace(BREAKS, " ").replace(UNSEEN, (sign) => {
    const hex = sign.charCodeAt(0).toString(16);
    return hex.length > 2 ? `\\u${hex.padStart(4, "0")}` : `\\x${hex.padStart(2, "0")}`;
  });
}

/** The same in one line. */
export const inLine = (text) => visible(text).replace(/[\n\t]/g, " ");

/** A text in one line of XML, in an element or in a quoted attribute. */
export const inXml = (text) => inLine(text).replace(/[&<>"']/g, (sign) => ENTITIES[sign]);
