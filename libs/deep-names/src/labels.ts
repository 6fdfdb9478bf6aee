import { type EntityType, isEntityType } from "@cloister/pii";

/** What a label of the model says of a word; undefined for one that is of no kind known here. */
export interface Label {
  readonly type: EntityType;
  /** Whether it can continue a name begun before it. */
  readonly continues: boolean;
}

const kinds: Readonly<Record<string, EntityType>> = {
  PER: "PERSON",
  PERS: "PERSON",
  NAME: "PERSON",
  GIVENNAME: "PERSON",
  SURNAME: "PERSON",
  FIRSTNAME: "PERSON",
  LASTNAME: "PERSON",
  PATIENT: "PERSON",
  LOC: "LOCATION",
  GPE: "LOCATION",
  PLACE: "LOCATION",
  ADDRESS: "LOCATION",
  STREET: "LOCATION",
  CITY: "LOCATION",
  FAC: "LOCATION",
  ORG: "ORGANIZATION",
  ORGANISATION: "ORGANIZATION",
  COMPANY: "ORGANIZATION",
  CORP: "ORGANIZATION",
  CORPORATION: "ORGANIZATION",
  EMAIL: "EMAIL_ADDRESS",
  PHONE: "PHONE_NUMBER",
  TELEPHONENUM: "PHONE_NUMBER",
  DATE: "DATE_TIME",
};

/** Reads `B-PER`, `I-LOC`, `L-ORG`, `U-PERSON`, `S-GPE`, `E-ORG` or a kind alone; one alone continues its like. */
export function readLabel(label: string): Label | undefined {
  const [, prefix = "", kind = ""] = /^(?:([BILUSE])[-_])?(.+)$/.exec(label.toUpperCase()) ?? [];
  const type = Object.hasOwn(kinds, kind) ? kinds[kind] : isEntityType(kind) ? kind : undefined;
  return type && { type, continues: !["B", "U", "S"].includes(prefix) };
}
