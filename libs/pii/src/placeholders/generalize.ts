const year = /(?<!\d)(?:1[89]|20)\d{2}(?!\d)/g;
/** 45 CFR 164.514(b)(2)(i)(C): ages over 89 are one band. */
const oldestTold = 89;
const bandYears = 10;

/**
 * A date's year, an age's ten years ("40-49", "90 or older"). Undefined where the value doesn't tell it: a date with two
 * digits for the year, or with two years; and for every other kind.
 */
export function generalized(type: string, value: string): string | undefined {
  if (type === "DATE_TIME") {
    const years = [...new Set(value.match(year))];
    return years.length === 1 ? years[0] : undefined;
  }
  const age = type === "AGE" ? /^\D*(\d{1,3})\D*$/.exec(value)?.[1] : undefined;
  return age === undefined ? undefined : band(Number(age));
}

function band(age: number): string {
  if (age > oldestTold) return `${oldestTold + 1} or older`;
  const youngest = Math.floor(age / bandYears) * bandYears;
  return `${youngest}-${youngest + bandYears - 1}`;
}
