import * as aadhaar from "stdnum/lib/cjs/in/aadhaar.js";
import * as gstin from "stdnum/lib/cjs/in/gstin.js";
import { labelledRule } from "../labelled-rule.ts";
import { numberRule, passes } from "../number-rule.ts";
import type { PatternRule } from "../rule.ts";

const states =
  "an|ap|ar|as|bh|br|cg|ch|dd|dl|dn|ga|gj|hp|hr|jh|jk|ka|kl|la|ld|mh|ml|mn|mp|mz|nl|od|or|pb|py|rj|sk|tn|tr|ts|uk|up|wb";

export const india: readonly PatternRule[] = [
  numberRule({
    name: "in-pan",
    type: "IN_PAN",
    source: "Income Tax Department: three letters, one for the holder's kind, one, four digits, one",
    form: "[a-z]{3}[abcfghjlpt][a-z]\\d{4}[a-z]",
    check: (written) => !/0000/.test(written),
    alone: 0.8,
    words: ["pan", "permanent account number", "income tax"],
  }),
  numberRule({
    name: "in-aadhaar",
    type: "IN_AADHAAR",
    source: "UIDAI: twelve digits, the first from 2 to 9, Verhoeff (stdnum)",
    form: "[2-9]\\d{3}([ -]?)\\d{4}\\1\\d{4}",
    check: (written) => passes(aadhaar)(written.replace(/\D/g, "")),
    alone: 0.5,
    words: ["aadhaa?r", "uidai", "uid", "आधार"],
  }),
  numberRule({
    name: "in-gstin",
    type: "IN_GSTIN",
    source: "Goods and Services Tax Network: state, PAN, entity, Z, check place (stdnum)",
    form: "\\d{2}[a-z]{5}\\d{4}[a-z][a-z\\d]z[a-z\\d]",
    check: passes(gstin),
    alone: 0.9,
    words: ["gst(?:in)?"],
  }),
  numberRule({
    name: "in-vehicle-registration",
    type: "IN_VEHICLE_REGISTRATION",
    source: "Central Motor Vehicles Rules 1989, rule 50: state, district, series, number",
    form: `(?:${states})[ -]?\\d{1,2}[ -]?[a-z]{1,3}[ -]?\\d{4}`,
    alone: 0.55,
    words: ["vehicle", "registration", "car", "bike", "rc", "plate"],
  }),
  numberRule({
    name: "in-voter",
    type: "IN_VOTER",
    source: "Election Commission of India, EPIC: three letters, seven digits",
    form: "[a-z]{3}\\d{7}",
    alone: 0.2,
    words: ["voter", "epic", "electoral", "election"],
  }),
  labelledRule({
    name: "in-passport",
    type: "IN_PASSPORT",
    source: "Ministry of External Affairs: a letter, seven digits",
    labels: ["(?:indian )?passport"],
    value: "[a-pr-wy][1-9]\\d ?\\d{4}[1-9]",
    score: 0.88,
  }),
];
