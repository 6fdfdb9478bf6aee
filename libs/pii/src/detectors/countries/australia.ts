import * as abn from "stdnum/lib/cjs/au/abn.js";
import * as acn from "stdnum/lib/cjs/au/acn.js";
import * as tfn from "stdnum/lib/cjs/au/tfn.js";
import { numberRule, passes, weightedSum } from "../number-rule.ts";
import type { PatternRule } from "../rule.ts";

export const australia: readonly PatternRule[] = [
  numberRule({
    name: "au-abn",
    type: "AU_ABN",
    source: "Australian Business Register, ABN: eleven digits, modulus 89 (stdnum)",
    form: "\\d{2} ?\\d{3} ?\\d{3} ?\\d{3}",
    check: passes(abn),
    alone: 0.4,
    words: ["abn", "australian business number"],
  }),
  numberRule({
    name: "au-acn",
    type: "AU_ACN",
    source: "ASIC, ACN: nine digits, weights 8 to 1, modulus 10 (stdnum)",
    form: "\\d{3} ?\\d{3} ?\\d{3}",
    check: passes(acn),
    alone: 0.1,
    words: ["acn", "australian company number"],
  }),
  numberRule({
    name: "au-tfn",
    type: "AU_TFN",
    source: "Australian Taxation Office, TFN: eight or nine digits, modulus 11 (stdnum)",
    form: "\\d{3} ?\\d{3} ?\\d{2,3}",
    check: passes(tfn),
    alone: 0.1,
    words: ["tfn", "tax file"],
  }),
  numberRule({
    name: "au-medicare",
    type: "AU_MEDICARE",
    source: "Services Australia, Medicare card: ten digits from 2 to 6, weights 1, 3, 7, 9",
    form: "[2-6]\\d{3} ?\\d{5} ?\\d(?:[ /-]?\\d)?",
    check: (written) => {
      const digits = written.replace(/\D/g, "");
      return weightedSum(digits, [1, 3, 7, 9, 1, 3, 7, 9]) % 10 === Number(digits.charAt(8));
    },
    alone: 0.15,
    words: ["medicare"],
  }),
];
