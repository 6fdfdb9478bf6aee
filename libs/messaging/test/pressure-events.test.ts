import { describe, expect, it } from "@jest/globals";
import { pressureRecord, readPressure, type TenantPressure } from "@cloister/messaging/pressure-events";

const pressure: TenantPressure = { tenantId: new Uint8Array(16).fill(7), source: "redaction", untilMs: 90_000 };
const read = (changed: Partial<TenantPressure>) => readPressure(pressureRecord({ ...pressure, ...changed }, 60_000));

describe("a consumer's word on a tenant's pressure", () => {
  it.each([0, 90_000])("is read as it was written: until %d", (untilMs) => {
    expect(read({ untilMs })).toEqual({ ...pressure, untilMs });
  });

  it.each([
    ["a tenant id of another length", { tenantId: new Uint8Array(15) }],
    ["a source that no text of a database may hold", { source: "redaction\0" }],
    ["a source of any length", { source: "r".repeat(65) }],
    ["no source", { source: "" }],
    ["a time after all times", { untilMs: 8.64e15 + 2 }],
  ])("is none with %s", (_, changed) => {
    expect(() => read(changed)).toThrow(RangeError);
  });
});
