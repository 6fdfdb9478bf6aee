import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "@jest/globals";
import { AttestationError } from "@cloister/attestation";
import {
  parseTdxQuote,
  strictRequirements,
  type TdxCollateral,
  TdxTrust,
  type TdxVerification,
  verifyTdxQuote,
} from "@cloister/attestation/tdx";
import fc from "fast-check";
import * as made from "@cloister/testing/evidence/tdx";

const trust = TdxTrust.fromPem(made.pem(made.root));
const { collateral } = made;
const verification = {
  trust,
  requirements: strictRequirements,
  nowMs: made.nowMs,
  bytesAfterQuote: "refused",
} as const;

/** Whether it is accepted. A refusal has a fault of TDX; everything else that is thrown is a bug and passes on. */
async function isAccepted(
  quote: Uint8Array,
  brought: TdxCollateral = collateral,
  by: TdxVerification = verification,
): Promise<boolean> {
  try {
    await verifyTdxQuote(quote, brought, by);
    return true;
  } catch (error) {
    if (error instanceof AttestationError && error.fault !== undefined) return false;
    throw error;
  }
}

const changedAt = (bytes: Uint8Array, at: number): Uint8Array =>
  bytes.map((byte, index) => (index === at ? byte ^ (1 << (at % 8)) : byte));

/** The positions, every `step`th of all, at which one bit may be flipped and nobody notices. */
async function unnoticed(
  bytes: Uint8Array,
  accepts: (changed: Uint8Array) => Promise<boolean>,
  step = 1,
): Promise<number[]> {
  const accepted: number[] = [];
  for (let first = 0; first < bytes.length; first += AT_ONCE * step) {
    const positions = Array.from({ length: AT_ONCE }, (_, index) => first + index * step);
    const within = positions.filter((at) => at < bytes.length);
    const outcomes = await Promise.all(within.map((at) => accepts(changedAt(bytes, at))));
    accepted.push(...within.filter((_, index) => outcomes[index] === true));
  }
  return accepted;
}

const AT_ONCE = 16;
/** One verification takes a millisecond, and a quote has thousands of bytes. */
const LONG_MS = 120_000;

describe("a TDX quote", () => {
  const quote = made.quote();

  it("is accepted as it is", async () => {
    expect(await isAccepted(quote)).toBe(true);
  });

  it(
    "is refused when any byte of it is changed",
    async () => {
      expect(await unnoticed(quote, isAccepted)).toEqual([]);
    },
    LONG_MS,
  );

  it(
    "is refused in version 5 when a byte of it is changed",
    async () => {
      expect(await unnoticed(made.quote({ version: 5, guestOf15: {} }), isAccepted, 5)).toEqual([]);
    },
    LONG_MS,
  );

  it("is refused with bytes after its end, and when cut anywhere", async () => {
    expect(await isAccepted(Uint8Array.of(...quote, 0))).toBe(false);
    const cut = fc.nat(quote.length - 1).map((length) => quote.subarray(0, length));
    await fc.assert(fc.asyncProperty(cut, async (bytes) => expect(await isAccepted(bytes)).toBe(false)));
  });

  it("is refused, and never crashes, with other lengths written into it", async () => {
    const lengths = fc.tuple(fc.nat(quote.length - 5), fc.nat(0xffffffff));
    const changed = lengths.map(([at, length]) => {
      const bytes = quote.slice();
      new DataView(bytes.buffer).setUint32(at, length, true);
      return bytes;
    });
    await fc.assert(
      fc.asyncProperty(changed, async (bytes) => {
        expect(await isAccepted(bytes)).toBe(Buffer.from(bytes).equals(quote));
      }),
    );
  });

  it("is refused, and never crashes, if it is arbitrary bytes behind a header", async () => {
    const header = quote.subarray(0, 48);
    const bytes = fc.uint8Array({ maxLength: 2000 }).map((tail) => Uint8Array.of(...header, ...tail));
    await fc.assert(fc.asyncProperty(bytes, async (arbitrary) => expect(await isAccepted(arbitrary)).toBe(false)));
  });
});

describe("the collateral of a TDX quote", () => {
  const quote = made.quote();
  it.each(["tcbInfo", "qeIdentity"] as const)(
    "is refused when a character of %s is changed",
    async (name) => {
      const accepts = (text: Uint8Array) =>
        isAccepted(quote, { ...collateral, [name]: Buffer.from(text).toString("latin1") });
      expect(await unnoticed(Buffer.from(collateral[name]), accepts, 5)).toEqual([]);
    },
    LONG_MS,
  );

  it.each(["pckCrl", "rootCrl"] as const)("is refused when any byte of %s is changed", async (name) => {
    const accepts = (list: Uint8Array) => isAccepted(quote, { ...collateral, [name]: list });
    expect(await unnoticed(collateral[name], accepts)).toEqual([]);
  });

  it(
    "is refused when any byte of a signer's certificate is changed",
    async () => {
      const accepts = (signer: Uint8Array) => isAccepted(quote, { ...collateral, tcbInfoIssuers: [signer, made.root] });
      expect(await unnoticed(made.signerCertificate(), accepts)).toEqual([]);
    },
    LONG_MS,
  );

  it("is refused, and never crashes, if it is arbitrary JSON that Intel signed", async () => {
    await fc.assert(
      fc.asyncProperty(fc.jsonValue(), fc.boolean(), async (value, isTcbInfo) => {
        const text = JSON.stringify(value);
        const changed = isTcbInfo
          ? { ...collateral, tcbInfo: made.signedDocument("tcbInfo", text) }
          : { ...collateral, qeIdentity: made.signedDocument("enclaveIdentity", text) };
        expect(await isAccepted(quote, changed)).toBe(false);
      }),
      { numRuns: 50 },
    );
  });

  it("is refused, and never crashes, if it is arbitrary text", async () => {
    const text = fc.oneof(
      fc.string(),
      fc.json(),
      fc.string().map((inner) => `{"tcbInfo":${inner}`),
    );
    await fc.assert(
      fc.asyncProperty(text, async (tcbInfo) =>
        expect(await isAccepted(quote, { ...collateral, tcbInfo })).toBe(false),
      ),
    );
  });
});

interface Input {
  readonly quote_b64: string;
  readonly expiration_check_date_unix: number;
  readonly collateral: { readonly pck_crl_der_b64: string; readonly root_crl_der_b64: string };
}

const vectors = join(import.meta.dirname, "../../../../../shared/vectors/attestation");
const reason = existsSync(vectors) ? "" : " (skipped: the shared vectors are absent)";

describe(`a quote of real hardware${reason}`, () => {
  const itIfPresent = reason === "" ? it : it.skip;
  const read = (path: string): Buffer => readFileSync(join(vectors, path));

  itIfPresent(
    "is refused when any byte of it is changed",
    async () => {
      const input = JSON.parse(read("conformance/attestation-tdx/300-tdx-v4-happy/input.json").toString()) as Input;
      const real = { ...verification, trust: TdxTrust.intel(), nowMs: input.expiration_check_date_unix * 1000 };
      const requirements = { ...strictRequirements, isTcbEvaluationRequired: false };
      const brought = {
        ...collateral,
        pckCrl: Buffer.from(input.collateral.pck_crl_der_b64, "base64"),
        rootCrl: Buffer.from(input.collateral.root_crl_der_b64, "base64"),
      };
      const accepts = (quote: Uint8Array) => isAccepted(quote, brought, { ...real, requirements });
      const withMore = Buffer.from(input.quote_b64, "base64");
      const quote = withMore.subarray(0, 636 + withMore.readUInt32LE(632));
      expect(await accepts(quote)).toBe(true);
      expect(await unnoticed(quote, accepts)).toEqual([]);
    },
    LONG_MS,
  );

  itIfPresent("is parsed to its end, debugger and all", () => {
    const { version, report } = parseTdxQuote(read("tdx/quote-v4-a.bin"), "refused");
    expect([version, report.tdAttributes[0]]).toEqual([4, 1]);
  });
});
