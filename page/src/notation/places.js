// Places in bars as drummers count them: "1 e + a", and thirds.

import { DIVISIONS } from "./patterns.js";

const PARTS = {
  0: "",
  [DIVISIONS / 4]: " e",
  [DIVISIONS / 2]: " +",
  [(3 * DIVISIONS) / 4]: " a",
  [DIVISIONS / 3]: " ⅓",
  [(2 * DIVISIONS) / 3]: " ⅔",
};

/** "2 +", of a place as Song.place gives it. */
export const beatWords = ({ beat, part }) => `${beat}${PARTS[part] ?? ` ${part}/${DIVISIONS}`}`;

/** "bar 3, beat 2 +"; "" for null. */
export const placeWords = (place) => (place ? `bar ${place.bar}, beat ${beatWords(place)}` : "");
