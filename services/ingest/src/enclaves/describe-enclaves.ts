import { attestedRoles, decodeEvidence } from "@cloister/attestation";
import type { InstanceEvidence, ListInstancesResponse } from "@cloister/contracts/keys/authority";
import { idToHex } from "@cloister/envelope";
import { readUnverifiedPolicy } from "@cloister/policy";

import { problem } from "../ingest.problems.ts";
import type { EnclavesAnswer } from "./enclaves-answer.ts";

type RoleOf<Answer extends EnclavesAnswer> = Answer["roles"][number];
type Instance = RoleOf<EnclavesAnswer>["instances"][number];

/**
 * What `keys` knows of the enclaves, laid out for whoever verifies it. Nothing is verified here: ingest vouches for none
 * of it.
 * @throws ProblemError AUTHORITY_UNAVAILABLE when the answer of `keys` holds no chain
 */
export function describeEnclaves(tenantId: Uint8Array, answer: ListInstancesResponse): EnclavesAnswer {
  const { chain, instances, missingGuarantees } = answer;
  if (chain?.keysEvidence === undefined) {
    throw problem("AUTHORITY_UNAVAILABLE", "The key service gave no chain of authority. Try again later.");
  }
  const policy = readUnverifiedPolicy(chain.policy);
  const { keysEvidence } = chain;
  const all = [
    { role: "keys", instance: instanceOf(keysEvidence, null) },
    ...instances.flatMap(({ evidence, certificate }) =>
      evidence === undefined ? [] : [{ role: evidence.role, instance: instanceOf(evidence, certificate) }],
    ),
  ];
  return {
    tenantIdHex: idToHex(tenantId),
    chain: {
      genesisRoot: base64(chain.genesisRoot),
      rootRotations: chain.rootRotations.map(base64),
      policy: base64(chain.policy),
      issuerNote: base64(chain.issuerNote),
    },
    policy: {
      version: policy.version,
      preset: policy.preset,
      isDevelopment: policy.development,
      expiresAtMs: policy.expiresAtMs,
      withdrawn: (policy.withdrawn ?? []).map(hex),
    },
    missingGuarantees,
    roles: attestedRoles.map((role) => ({
      role,
      allowed: policy.measurements[role].map(({ measurement, configurationDigest }) => ({
        measurement: hex(measurement),
        configurationDigest: hex(configurationDigest),
      })),
      releaseSigners: (policy.releaseSigners?.[role] ?? []).map(({ name, publicKey }) => ({
        name,
        publicKey: hex(publicKey),
      })),
      instances: all.filter((one) => one.role === role).map(({ instance }) => instance),
    })),
  };
}

function instanceOf(evidence: InstanceEvidence, certificate: Uint8Array | null): Instance {
  const { format } = decodeEvidence(evidence.evidence);
  return {
    evidenceFormat: format,
    isHardware: format !== "simulated",
    evidence: base64(evidence.evidence),
    configurationDigest: hex(evidence.configurationDigest),
    kemPublicKey: base64(evidence.kemPublicKey),
    signingPublicKey: base64(evidence.signingPublicKey),
    nonce: base64(evidence.nonce),
    notAfterMs: Number(evidence.notAfterMs),
    releaseManifests: evidence.releaseManifests.map(base64),
    certificate: certificate === null ? null : base64(certificate),
  };
}

const base64 = (bytes: Uint8Array): string => Buffer.from(bytes).toString("base64");
const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString("hex");
