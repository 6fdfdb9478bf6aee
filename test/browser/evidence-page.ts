// Runs in Chromium: a page that verifies evidence of hardware, called by evidence.system.test.ts. Bytes cross as hex.
import { AttestationError } from "@cloister/attestation";
import { verifyCase } from "@cloister/attestation/conformance";
import { NitroAuthenticator } from "@cloister/attestation/nitro";
import { hexToBytes } from "@noble/hashes/utils.js";

const evidencePage = {
  /** The exit class and the rejection's code of a case. */
  outcome: async (input: unknown) => {
    const { exitCode, output } = await verifyCase(input, 0);
    return { exitCode, code: output.rejection?.code ?? "accepted" };
  },

  nitro: async (documentHex: string, nowMs: number) => {
    try {
      const { moduleId } = await new NitroAuthenticator().authenticate(hexToBytes(documentHex), nowMs);
      return moduleId.length > 0 ? "accepted" : "no module";
    } catch (error) {
      if (error instanceof AttestationError) return error.code;
      throw error;
    }
  },
};

export type EvidencePage = typeof evidencePage;
Object.assign(globalThis, { cloisterPage: evidencePage });
