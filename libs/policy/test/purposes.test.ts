import { describe, expect, it } from "@jest/globals";
import { Purpose as WirePurpose } from "@cloister/contracts/keys/release";
import {
  accessOf,
  classOfPurpose,
  purposeFromWire,
  purposeToWire,
  purposes,
  purposesOfRole,
  type Purpose,
  type ServiceRole,
} from "@cloister/policy";
import { refusalOf } from "./refusal.ts";

// The table of docs/architecture.md, written out: "-" is refused.
const table: readonly (readonly [ServiceRole, Readonly<Record<Purpose, string>>])[] = [
  ["ingest", { inbound: "-", flow: "-", map: "-", log: "-", vector: "-" }],
  ["redaction", { inbound: "r", flow: "w", map: "rw", log: "-", vector: "-" }],
  ["enclave-inference", { inbound: "-", flow: "r", map: "-", log: "rw", vector: "r" }],
  ["embedding", { inbound: "-", flow: "r", map: "-", log: "-", vector: "rw" }],
  ["retention", { inbound: "-", flow: "-", map: "-", log: "-", vector: "-" }],
  ["keys", { inbound: "rw", flow: "rw", map: "rw", log: "rw", vector: "rw" }],
];

describe("the table of purposes", () => {
  it.each(table)("gives %s exactly its own purposes", (role, expected) => {
    const found = purposes.map((purpose) => {
      const refusal = refusalOf(() => accessOf(role, purpose));
      return [purpose, refusal === "PURPOSE_NOT_ALLOWED" ? "-" : purposesOfRole[role][purpose]];
    });
    expect(Object.fromEntries(found)).toEqual(expected);
  });

  it("has a row for each role and no other", () => {
    expect(Object.keys(purposesOfRole).toSorted()).toEqual(table.map(([role]) => role).toSorted());
  });

  it("keeps inbound keys as long as the flow", () => {
    expect(purposes.map(classOfPurpose)).toEqual(["flow", "flow", "map", "log", "vector"]);
  });
});

describe("a purpose on the wire", () => {
  it.each(purposes)("%s comes back as it was", (purpose) => {
    expect(purposeFromWire(purposeToWire(purpose))).toBe(purpose);
  });

  it("is refused unspecified", () => {
    expect(refusalOf(() => purposeFromWire(WirePurpose.UNSPECIFIED))).toBe("PURPOSE_NOT_ALLOWED");
  });
});
