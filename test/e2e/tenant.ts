import { randomBytes } from "node:crypto";
import { deriveTenantId, type TenantId } from "@cloister/envelope";
import type { AttestedInstances } from "@cloister/embedded";
import {
  clientKeysHash,
  DAY_MS,
  definePolicy,
  signAdmission,
  signerFromSeed,
  signPolicy,
  signRootRotation,
  type Admission,
  type NoteSigner,
  type Policy,
  type PolicyChoices,
} from "@cloister/policy";

export const newSigner = (): NoteSigner => signerFromSeed(randomBytes(32));

const days = (count: number) => ({ periodMs: count * DAY_MS, minimumDays: 0 });

/** A tenant with a root key and an application backend that admits people, under policies that allow these instances. */
export class TestTenant {
  readonly genesis: NoteSigner;
  root: NoteSigner;
  readonly admissionIssuer: NoteSigner;
  readonly tenantId: TenantId;
  readonly #instances: AttestedInstances;
  readonly #roots: Uint8Array[];
  readonly #rootRotations: Uint8Array[] = [];

  constructor(instances: AttestedInstances, root = newSigner(), admissionIssuer = newSigner()) {
    this.#instances = instances;
    this.genesis = root;
    this.root = root;
    this.#roots = [root.publicKey];
    this.admissionIssuer = admissionIssuer;
    this.tenantId = deriveTenantId(root.publicKey);
  }

  /** Text lives a day on its way, what is remembered a week. */
  policy(nowMs: number, choices: Partial<PolicyChoices> = {}): Policy {
    const { machines, simulatedRoot } = this.#instances;
    const allowed = (role: keyof typeof machines) => {
      const { measurement, configurationDigest } = machines[role];
      return [{ measurement, configurationDigest }];
    };
    return definePolicy("standard", {
      version: 1,
      tenantId: this.tenantId,
      roots: this.#roots,
      notBeforeMs: nowMs - DAY_MS,
      expiresAtMs: nowMs + 80 * DAY_MS,
      measurements: {
        keys: allowed("keys"),
        redaction: allowed("redaction"),
        "enclave-inference": allowed("enclave-inference"),
        embedding: allowed("embedding"),
      },
      admissionIssuers: [{ name: "app-backend", publicKey: this.admissionIssuer.publicKey }],
      kms: { custody: "byok", provider: "local", keyRef: "" },
      periods: { flow: days(1), map: days(7), log: days(7), vector: days(7), mailbox: days(7), audit: days(7) },
      development: true,
      simulatedRoots: [simulatedRoot],
      ...choices,
    });
  }

  /** The request that applies a policy. */
  signed(policy: Policy, root: NoteSigner = this.root) {
    const { publicKey: genesisRoot } = this.genesis;
    return { genesisRoot, rootRotations: [...this.#rootRotations], policy: signPolicy(policy, root) };
  }

  /** Another root signs from now on. Returns the one that steps down. */
  rotateRoot(nowMs: number, next = newSigner()): NoteSigner {
    const { root, tenantId } = this;
    const rotation = { tenantId, index: this.#roots.length, newRoot: next.publicKey, issuedAtMs: nowMs };
    this.#rootRotations.push(signRootRotation(rotation, root));
    this.#roots.push(next.publicKey);
    this.root = next;
    return root;
  }

  admission(keys: Parameters<typeof clientKeysHash>[0], nowMs: number, changes: Partial<Admission> = {}): Uint8Array {
    const admission: Admission = {
      id: randomBytes(16),
      tenantId: this.tenantId,
      clientKeysHash: clientKeysHash(keys),
      kind: "chat",
      subjectRef: null,
      knowledgeBases: [],
      issuedAtMs: nowMs,
      expiresAtMs: nowMs + 600_000,
      ...changes,
    };
    return signAdmission(admission, this.admissionIssuer);
  }
}
