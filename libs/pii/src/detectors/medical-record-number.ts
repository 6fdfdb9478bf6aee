import { anyCode, isCode, labelledRule } from "./labelled-rule.ts";
import { numberRule } from "./number-rule.ts";
import type { PatternRule } from "./rule.ts";

const source = "45 CFR 164.514(b)(2)(i)(H); hospitals choose the form themselves, so the label decides";
const labels = [
  "mrns?",
  "m\\.r\\.n\\.",
  "mr ?(?:#|no\\.?|num(?:ber)?)",
  "med(?:ical)?\\.? ?rec(?:ord)?s?\\.?",
  "(?:health|hospital|clinical|patient|chart) (?:record|chart|file)s?",
  "(?:patient|hospital|chart|case file|clinic|emr|ehr) ?(?:id|identifier|no\\.?|num(?:ber)?|#|account)",
  "patienten?(?:-?nummer|-?id|-?nr\\.?)",
  "krankenakten?-?nummer",
  "fallnummer",
  "(?:numéro de )?dossier(?: médical| patient)?",
  "(?:número de )?historia clínica",
  "nhc",
  "cartella clinica",
  "patiëntnummer",
  "numer pacjenta",
  "prontuário",
  "mã bệnh nhân",
];

export const medicalRecordNumber: readonly PatternRule[] = [
  labelledRule({
    name: "medical-record-number",
    type: "MEDICAL_RECORD_NUMBER",
    source,
    labels,
    value: anyCode,
    check: isCode,
    score: 0.9,
  }),
  numberRule({
    name: "medical-record-number-nearby",
    type: "MEDICAL_RECORD_NUMBER",
    source,
    form: "(?:mrn?|mr|pt|p|h)[-# ]?\\d{5,10}|[a-z]{1,3}-?\\d{5,10}|\\d{6,9}",
    check: (written) => !/^(?:19|20)\d{6}$/.test(written),
    alone: 0.05,
    words: ["mrns?", "medical records?", "chart number"],
    near: 0.65,
  }),
  numberRule({
    name: "prefixed-medical-record-number",
    type: "MEDICAL_RECORD_NUMBER",
    source,
    form: "mrn\\d{4,12}",
    alone: 0.85,
    words: ["patient"],
  }),
];
