import { describe, expect, it } from "@jest/globals";
import { decodeEvidence } from "@cloister/attestation";
import { nsmDevice, type NsmDevice, nsmDocument, nsmSource } from "@cloister/attestation/sources/nsm";
import { decode, encode } from "cborg";
import fc from "fast-check";
import { sourceFaultOf } from "./source-fault.ts";

const document = Uint8Array.of(0xd2, 1, 2, 3);

function deviceAnswering(answer: unknown): NsmDevice & { readonly asked: Uint8Array[] } {
  const asked: Uint8Array[] = [];
  return {
    asked,
    request: async (message) => {
      asked.push(message);
      return answer instanceof Uint8Array ? answer : encode(answer);
    },
  };
}

describe("evidence of a Nitro enclave by NSM", () => {
  it("is the document over the report data", async () => {
    const device = deviceAnswering({ Attestation: { document } });
    const reportData = new Uint8Array(64).fill(3);
    const evidence = decodeEvidence(await nsmSource(async () => device).collect(reportData));
    expect(evidence).toEqual({ format: "aws-nitro", body: document });
    expect(device.asked.map((message): unknown => decode(message))).toEqual([
      { Attestation: { user_data: reportData, nonce: null, public_key: null } },
    ]);
  });

  it("asks for a public key and a nonce where they are given", async () => {
    const device = deviceAnswering({ Attestation: { document } });
    const publicKey = Uint8Array.of(0x30);
    const nonce = Uint8Array.of(9);
    await nsmDocument(device, { publicKey, nonce });
    expect(device.asked.map((message): unknown => decode(message))).toEqual([
      { Attestation: { user_data: null, nonce, public_key: publicKey } },
    ]);
  });

  it.each([
    ["DEVICE_REFUSED", { Error: "InvalidArgument" }],
    ["ANSWER_MALFORMED", { Attestation: { document: "text" } }],
    ["ANSWER_MALFORMED", { Attestation: {} }],
    ["ANSWER_MALFORMED", { Attestation: { document, more: 1 } }],
    ["ANSWER_MALFORMED", { Describe: { document } }],
    ["ANSWER_MALFORMED", "Attestation"],
    ["ANSWER_MALFORMED", Uint8Array.of(0xff)],
    ["ANSWER_MALFORMED", new Uint8Array()],
  ])("is %s if NSM answers %j", async (fault, answer) => {
    expect(await sourceFaultOf(() => nsmDocument(deviceAnswering(answer), {}))).toBe(fault);
  });
});

describe("what NSM answers", () => {
  it("is a document or a fault, and never crashes, whatever the bytes", async () => {
    const bytes = fc.oneof(
      fc.uint8Array({ maxLength: 64 }),
      fc.jsonValue().map((value) => encode({ Attestation: value })),
      fc.jsonValue().map((value) => encode(value)),
    );
    await fc.assert(
      fc.asyncProperty(bytes, async (answer) => {
        const fault = await sourceFaultOf(() => nsmDocument(deviceAnswering(answer), {}));
        expect(["ANSWER_MALFORMED", "DEVICE_REFUSED"]).toContain(fault);
      }),
    );
  });
});

describe("the device of NSM", () => {
  it("is missing outside of an enclave", async () => {
    const device = await nsmDevice("/nonexistent/nsm");
    expect(await sourceFaultOf(() => device.request(document))).toBe("DEVICE_MISSING");
  });

  it("refuses where the device is another one, by the kernel's own answer to the call", async () => {
    const device = await nsmDevice("/dev/null");
    await expect(device.request(document)).rejects.toThrow(/errno 25/);
    expect(await sourceFaultOf(() => device.request(document))).toBe("DEVICE_REFUSED");
  });

  it("refuses a request that NSM can't hold", async () => {
    const device = await nsmDevice("/dev/null");
    expect(await sourceFaultOf(() => device.request(new Uint8Array(4097)))).toBe("DEVICE_REFUSED");
  });
});
