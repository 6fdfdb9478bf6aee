/**
 * Letters of other scripts that nobody can tell from Latin ones. Both sides are one UTF-16 unit, so that offsets stay.
 * Chosen from the pairs of UTS 39 (confusables.txt) that fonts draw alike.
 */
const pairs: readonly (readonly [others: string, latin: string])[] = [
  [
    "\u0430\u0435\u043E\u0440\u0441\u0443\u0445\u0456\u0458\u0455\u0501\u051B\u051D\u04BB\u04CF\u043A\u043C\u0442\u0432\u043D",
    "aeopcyxijsdqwhlkmtbh",
  ],
  [
    "\u0410\u0412\u0415\u041A\u041C\u041D\u041E\u0420\u0421\u0422\u0423\u0425\u0406\u0408\u0405\u051A\u051C\u04C0",
    "ABEKMHOPCTYXIJSQWI",
  ],
  ["\u03B1\u03BF\u03BD\u03C1\u03C5\u03B9\u03BA\u03C4\u03B5\u03B7\u03C7\u03B3\u03F2\u03F3", "aovpuiktenxycj"],
  ["\u0391\u0392\u0395\u0396\u0397\u0399\u039A\u039C\u039D\u039F\u03A1\u03A4\u03A5\u03A7", "ABEZHIKMNOPTYX"],
  ["\u0585\u057D\u0578\u0570\u0261\u0251\u0131", "ounhgai"],
];

const latinOf: ReadonlyMap<string, string> = new Map(
  pairs.flatMap(([others, latin]) => Array.from(others, (other, at) => [other, latin.charAt(at)] as const)),
);
const someLookAlike = new RegExp(`[${[...latinOf.keys()].join("")}]`);
// What may be one address, number or name: letters with the signs that join them.
const joinedWord = /[\p{L}\p{M}\p{N}@._%+'-]{2,512}/gu;
const letters = /[\p{L}\p{M}]{1,512}/gu;

/**
 * Reads look-alikes as the Latin letters that they pass for, in words that hold Latin letters or digits besides.
 * A word of another script alone is left as it is, even if all of it could be read as Latin.
 */
export function readLookAlikes(text: string): string {
  if (!someLookAlike.test(text)) return text;
  return text.replace(joinedWord, (word) => (/[a-z0-9]/i.test(word) ? word.replace(letters, latinLetters) : word));
}

/** A run of letters in Latin, unless one of them has no Latin look: then it is a word of its own script. */
function latinLetters(run: string): string {
  let latin = "";
  for (const letter of run) {
    const plain = letter <= "\u024F" && letter !== "\u0131" ? letter : latinOf.get(letter);
    if (plain === undefined) return run;
    latin += plain;
  }
  return latin;
}
