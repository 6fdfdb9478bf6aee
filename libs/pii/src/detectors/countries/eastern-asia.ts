import * as resident from "stdnum/lib/cjs/cn/ric.js";
import * as rrn from "stdnum/lib/cjs/kr/rrn.js";
import * as thai from "stdnum/lib/cjs/th/idnr.js";
import * as taiwan from "stdnum/lib/cjs/tw/natid.js";
import { numberRule, passes } from "../number-rule.ts";
import type { PatternRule } from "../rule.ts";

export const easternAsia: readonly PatternRule[] = [
  numberRule({
    name: "kr-rrn",
    type: "KR_RRN",
    source: "Resident Registration Act: birth date, sex, place, check digit until 2020 (stdnum)",
    form: "\\d{2}(?:0[1-9]|1[0-2])(?:0[1-9]|[12]\\d|3[01])-?[1-8]\\d{6}",
    check: (written) => written.includes("-") || passes(rrn)(written),
    alone: 0.7,
    words: ["주민등록번호", "주민번호", "resident registration", "rrn"],
  }),
  numberRule({
    name: "th-tnin",
    type: "TH_TNIN",
    source: "Department of Provincial Administration: thirteen digits, weights 13 to 2, modulus 11 (stdnum)",
    form: "[1-8]([- ]?)\\d{4}\\1\\d{5}\\1\\d{2}\\1\\d",
    check: passes(thai),
    alone: 0.5,
    words: ["thai", "บัตรประชาชน", "เลขประจำตัวประชาชน", "national id"],
  }),
  numberRule({
    name: "cn-resident-id",
    type: "CN_RESIDENT_ID",
    source: "GB 11643-1999: place, birth date, serial, ISO 7064 mod 11-2 (stdnum)",
    form: "[1-9]\\d{16}[\\dx]",
    check: passes(resident),
    alone: 0.85,
    words: ["身份证", "resident id", "identity card"],
  }),
  numberRule({
    name: "tw-national-id",
    type: "TW_NATIONAL_ID",
    source: "National Immigration Agency of Taiwan: letter, nine digits, modulus 10 (stdnum)",
    form: "[a-z][1289]\\d{8}",
    check: passes(taiwan),
    alone: 0.6,
    words: ["身分證", "taiwan", "national id"],
  }),
];
