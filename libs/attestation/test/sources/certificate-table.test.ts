import { describe, expect, it } from "@jest/globals";
import { AttestationError } from "@cloister/attestation";
import { readCertificateTable } from "@cloister/attestation/sources/configfs-tsm";
import fc from "fast-check";
import { certificateTable, guidBytes, guids } from "@cloister/testing/evidence";

const vcek = Uint8Array.of(1, 2, 3);
const ask = Uint8Array.of(4, 5);
const ark = Uint8Array.of(6);

function isRefused(bytes: Uint8Array): boolean {
  try {
    readCertificateTable(bytes);
    return false;
  } catch (error) {
    if (error instanceof AttestationError && error.fault === "ANSWER_MALFORMED") return true;
    throw error;
  }
}

describe("a host's table of certificates", () => {
  it("is read by its GUIDs, and what else it holds is skipped", () => {
    const other = "92f81bc3-5811-4d3d-97ff-d19f88dc67ea";
    const table = certificateTable([
      [guids.ark, ark],
      [other, Uint8Array.of(9)],
      [guids.vcek, vcek],
      [guids.ask, ask],
    ]);
    expect(readCertificateTable(table)).toEqual({ vcek, ask, ark });
  });

  it("is read with GUIDs in the mixed order of UEFI", () => {
    const mixed = Uint8Array.from(Buffer.from("8d75da6364e66445adc5f4b93be8accd", "hex"));
    expect(readCertificateTable(certificateTable([[mixed, vcek]]))).toEqual({ vcek });
  });

  it("may be empty", () => {
    expect([readCertificateTable(new Uint8Array()), readCertificateTable(certificateTable([]))]).toEqual([{}, {}]);
  });

  it("is refused without an end, with a certificate twice, outside of it, or with far too many", () => {
    const sound = certificateTable([[guids.vlek, vcek]]);
    const outside = sound.with(20, 0xff);
    const twice = certificateTable([
      [guids.vlek, vcek],
      [guidBytes(guids.vlek), ask],
    ]);
    const many = certificateTable(Array.from({ length: 33 }, () => ["92f81bc3-5811-4d3d-97ff-d19f88dc67ea", ark]));
    expect([sound.subarray(0, 24), outside, twice, many].map(isRefused)).toEqual([true, true, true, true]);
  });

  it("is read or refused, and never crashes, whatever the host writes", () => {
    const guid = fc.constantFrom(...Object.values(guids).map(guidBytes));
    const entry = fc
      .tuple(guid, fc.uint8Array({ minLength: 8, maxLength: 8 }))
      .map(([name, rest]) => Uint8Array.of(...name, ...rest));
    const any = fc.oneof(
      fc.uint8Array({ maxLength: 200 }),
      fc.array(entry, { maxLength: 4 }).map((entries) => Uint8Array.from(Buffer.concat(entries))),
    );
    fc.assert(
      fc.property(any, (bytes) => {
        expect(typeof isRefused(bytes)).toBe("boolean");
      }),
    );
  });
});
