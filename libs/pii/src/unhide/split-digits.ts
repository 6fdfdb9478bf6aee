import type { Reading } from "./rewrite.ts";

const run = /(?<![\p{L}\p{N}])\d{1,8}(?:[\s._*|~·•∙‧-]{1,5}\d{1,8}){2,24}(?![\p{L}\p{N}])/gu;
const gap = /[\s._*|~·•∙‧-]{1,5}/gu;
/** Four by four with any signs between, as nobody writes but who hides a card. */
const fourByFour = /(?<!\d|\d[,/:])\d{4}(?:[^\p{L}\p{N}\s]{1,3} ?\d{4}){3}(?![,/:]?\d)/gu;
const plainGap = /^[ .-]$/;

/**
 * Readings of numbers that are taken apart in a way in which nobody writes them: digit by digit, over lines, with
 * signs between. Groups stay groups, parted by one sign of the usual ones.
 */
export function splitDigits(text: string): Reading[] {
  if (!/\d[^\p{L}\p{N}]{1,5}\d/u.test(text)) return [];
  const found: Reading[] = [];
  for (const match of text.matchAll(run)) {
    for (const reading of readRun(match[0], match.index)) found.push(reading);
  }
  for (const match of text.matchAll(fourByFour)) {
    for (const sign of match[0].matchAll(/\D+/g)) {
      const start = match.index + sign.index;
      found.push({ start, end: start + sign[0].length, text: " " });
    }
  }
  return found;
}

function readRun(written: string, offset: number): Reading[] {
  const gaps = [...written.matchAll(gap)];
  const groups = written.split(gap);
  const isDigitByDigit = groups.length >= 7 && groups.filter((group) => group.length === 1).length >= groups.length - 1;
  if (!isDigitByDigit && gaps.every(([sign]) => plainGap.test(sign))) return [];
  return gaps.map((match) => ({
    start: offset + match.index,
    end: offset + match.index + match[0].length,
    text: isDigitByDigit ? wideSign(match[0]) : usualSign(match[0]),
  }));
}

/** Between groups: the sign that stands there, or a space. */
function usualSign(sign: string): string {
  if (sign.includes("-")) return "-";
  return /^(?:\s+\.\s+|\.)$/.test(sign) ? "." : " "; // "1. 2." counts
}

/** Between digits a single sign says nothing; a dash with spaces around parts groups. */
function wideSign(sign: string): string {
  return sign.length > 1 && sign.includes("-") ? "-" : "";
}
