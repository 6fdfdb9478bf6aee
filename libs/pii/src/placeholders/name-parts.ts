// Not parts of a name by which somebody is recognized.
const particles = new Set(
  "al ap ab bin ibn bint da das de del della der des di do dos du e el la las le les los mac mc of san st ter the van vander von y zu zum zur and und et und jr sr ii iii iv".split(
    " ",
  ),
);
const titles = new Set(
  "mr mrs ms miss mx dr prof professor sir dame lord lady herr frau madame monsieur mme mlle senor senora senorita sr sra don dona sig signor signora rev fr hon judge captain capt col gen sgt lt".split(
    " ",
  ),
);

// Names that are also everyday words: recognized later only when written as a name is written.
const everydayWords = new Set(
  (
    "a about all am an any are art as ask at be bill bob born buck but by can carol chance chase chip christian clay cliff come cook could dawn day dean did dick do drew early " +
    "earl faith fall field fields for forest frank friday gay gene get give go good grace grant green guy had hall harmony has have he heath her here hill him his hope how hunter i if in iris is it ivy " +
    "jack jay jean jewel job joy june just key king know lane law like list little long love major man many mark mason may me means miles mo more moon more my need new nick no not now of old on one or our out own page " +
    "park parks pat pearl penny person pete piper please price prince queen ray read red rich rider rob robin rocky rose ruby sage said sally sandy say see self serena she short sky small so some son song star stark stone storm street strong sue summer sunny swift " +
    "take tell than that the their them then there they thing this time to too trip true two up us use van victor violet wade want was way we west what when where which white who wild will win with wolf wood woods word work " +
    "would yes you young your april august january monday tuesday wednesday thursday saturday sunday spring autumn winter black brown gold silver grey gray north south east banks bush case cash cross day drake duke fox gates " +
    "parker potter reed rice rivers sharp snow waters wells wise baker cook farmer fisher miller taylor porter mercy patience charity constance angel baby bank account card name email phone number"
  ).split(" "),
);

/** The words of a name that may stand for its bearer: without titles and particles. */
export function nameWords(folded: readonly string[]): string[] {
  const own = folded.filter((word) => !titles.has(word) && !particles.has(word));
  return own.length > 0 ? own : [...folded];
}

/** Whether a word of a name is looked for alone in later texts. */
export function standsAlone(folded: string): boolean {
  return folded.length >= 3 && !particles.has(folded) && !titles.has(folded) && !/^\d+$/.test(folded);
}

/** Whether the word means something else when it isn't written as a name. */
export function isEverydayWord(folded: string): boolean {
  return everydayWords.has(folded);
}
