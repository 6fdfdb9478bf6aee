/** A check that stops the operator, how to take it out, and the test of test/operator that must notice. */
export interface OperatorCheck {
  /** Its full name begins with that of its suite; this is how it ends. */
  readonly test: string;
  /** What is taken out, in words. */
  readonly check: string;
  /** Each text stands once in its file. All are changed together: some attempts meet a second check behind the first. */
  readonly edits: readonly { readonly file: string; readonly from: string; readonly to: string }[];
}

const edit = (file: string, from: string, to = "") => ({ file, from, to });
const signatureIsValid = edit(
  "libs/envelope/src/signature.ts",
  'if (!isValid) throw invalid("The signature does not match the envelope.");',
);
const signerIsExpected = edit(
  "libs/envelope/src/signature.ts",
  "if (!isSame(signature.signerKeyId, signer.keyId))",
  "if (signer.keyId.length === 0)",
);
const noteIsSigned = edit(
  "libs/policy/src/notes.ts",
  "if (!verifyEd25519(verifier.publicKey, message, signature)) {",
  "if (message.length === 0) {",
);
const noteHasSigner = edit(
  "libs/policy/src/notes.ts",
  "if (signedBy.size < Math.max(1, required)) {",
  "if (required < 0) {",
);
const signerIsIssuer = edit(
  "libs/policy/src/issuer-keys.ts",
  "if (signed(issuerKey) || isInTime) return opened;",
  "if (keys.length > 0) return opened;",
);
const bucketIsRunning = edit(
  "services/keys/src/hierarchy/bucket-key-store.ts",
  "if (clock.nowMs() >= bucketEndMs) throw",
  "if (clock.nowMs() < 0) throw",
);
const secretIsRunning = edit(
  "services/keys/src/hierarchy/conversation-keys.ts",
  "if (parts.clock.nowMs() < row.not_after_ms) return secret;",
  "if (parts.clock.nowMs() > 0) return secret;",
);
const leaseIsRunning = edit(
  "libs/keyring/src/leased-keys.ts",
  "if (this.#clock.nowMs() >= lease.notAfterMs) throw",
  "if (this.#clock.nowMs() < 0) throw",
);
const rowIsBoundTo = (what: string, left: string) =>
  edit(
    "services/keys/src/hierarchy/row-wrap.ts",
    "parts.push(name.conversationId, uint64(name.notAfterMs));",
    `parts.push(${left}); // without ${what}`,
  );

export const operatorChecks: readonly OperatorCheck[] = [
  {
    test: "can't speak for a person: a message that the person's device did not sign is refused",
    check: "an envelope's signer and signature",
    edits: [signerIsExpected, signatureIsValid],
  },
  { test: "can't add itself to a message's recipients", check: "an envelope's signature", edits: [signatureIsValid] },
  { test: "can't put a signature under another text", check: "an envelope's signature", edits: [signatureIsValid] },
  {
    test: "can't strip the signature off",
    check: "a signature is needed, in form and when it is verified",
    edits: [
      edit(
        "libs/envelope/src/parse.ts",
        'if (!signature && !(recipients.length === 1 && recipients[0]?.kind === "wrap")) {',
        "if (recipients.length === 0) {",
      ),
      edit(
        "libs/envelope/src/signature.ts",
        'if (!signature) throw invalid("The envelope is not signed.");',
        "if (!signature) return undefined;",
      ),
    ],
  },
  {
    test: "can't have a message read under another suite than it was sealed under",
    check: "an envelope's signature",
    edits: [signatureIsValid],
  },
  {
    test: "can't strip a message of its suite",
    check: "a suite is named",
    edits: [edit("libs/envelope/src/header.ts", "if (suite === 0) throw", "if (suite < 0) throw")],
  },
  {
    test: "can't name a suite that no service knows",
    check: "the suite is known",
    edits: [
      edit(
        "libs/envelope/src/header.ts",
        "if (suite === Suite.AES_256_GCM || suite === Suite.CHACHA20_POLY1305) return suite;",
        "if (suite !== 0) return suite;",
      ),
    ],
  },
  {
    test: "can't let a message live for longer",
    check: "a message's expiry against the policy's period",
    edits: [
      edit(
        "libs/policy/src/check-message.ts",
        "if (header.expiresAtMs - keptFromMs > policy.periods.flow.periodMs) {",
        "if (keptFromMs < 0) {",
      ),
    ],
  },
  {
    test: "can't put a message into another conversation as it is: what it says of itself is compared",
    check: "a record's key against its envelope",
    edits: [
      edit(
        "libs/messaging/src/sealed-events.ts",
        'throw new MessagingError("RECORD_MOVED"',
        'void new MessagingError("RECORD_MOVED"',
      ),
    ],
  },
  {
    test: "can't rewrite to which conversation a message belongs: that is signed",
    check: "an envelope's signer and signature",
    edits: [signerIsExpected, signatureIsValid],
  },
  {
    test: "can't have another tenant's keys open a message",
    check: "a tenant is known",
    edits: [
      edit(
        "services/keys/src/authority/policy-book.ts",
        "if (!isAsked || row === undefined) {",
        "if (this.#clock.nowMs() < 0) {",
      ),
    ],
  },
  {
    test: "can't have a message shown to the model before it is redacted",
    check: "the stage of what inference and embedding read",
    edits: [
      edit(
        "libs/keyring/src/consuming/open-redacted.ts",
        'throw new KeyringError("WRONG_STAGE", "Only redacted',
        'void new KeyringError("WRONG_STAGE", "Only redacted',
      ),
    ],
  },
  {
    test: "can't have a redacted text redacted again, as if a person had sent it",
    check: "the stage of what redaction reads",
    edits: [
      edit(
        "services/redaction/src/open-message.ts",
        'throw new RedactionError("WRONG_STAGE", "Only',
        'void new RedactionError("WRONG_STAGE", "Only',
      ),
    ],
  },
  {
    test: "gains nothing by replay: the same record again is dropped",
    check: "the inbox",
    edits: [
      edit(
        "libs/messaging/src/plan.ts",
        "if (earlier !== undefined) return",
        "if (seen.size < 0 && earlier !== undefined) return",
      ),
    ],
  },
  {
    test: "can't use a message's id or place for another text",
    check: "the window of sequence numbers",
    edits: [
      edit(
        "services/redaction/src/check-sequence.ts",
        'if (verdict.outcome === "accepted") return verdict;',
        'return verdict.outcome === "accepted" ? verdict : { window, missing: 0n };',
      ),
    ],
  },
  {
    test: "can drop a message and change the order, but the reader is told of the gap",
    check: "the status that tells of a gap",
    edits: [
      edit(
        "services/redaction/src/redaction.pipeline.ts",
        "const gap = missing > 0n ? [sequenceGap(origin)] : [];",
        "const gap = missing < 0n ? [sequenceGap(origin)] : [];",
      ),
    ],
  },
  {
    test: "can't put its own key in place of the device's: the device signed its request",
    check: "the device's signature under its request",
    edits: [
      edit(
        "services/keys/src/authority/open-conversation.ts",
        "if (verifyEd25519(request.clientSigningPublicKey, message, request.signature)) return;",
        "if (message.length > 0) return;",
      ),
    ],
  },
  {
    test: "can't ask for itself with the device's admission: that is bound to the device's keys",
    check: "the keys that an admission names",
    edits: [
      edit(
        "libs/policy/src/statements/admission.ts",
        'throw new PolicyError("ADMISSION_INVALID", "The admission was given',
        'void new PolicyError("ADMISSION_INVALID", "The admission was given',
      ),
    ],
  },
  {
    test: "can't admit itself to a knowledge base: only issuers that the policy names admit",
    check: "a note has a signer",
    edits: [noteHasSigner],
  },
  {
    test: "can't answer with a conversation of its own",
    check: "the request that a statement answers",
    edits: [
      edit(
        "libs/policy/src/statements/conversation-statement.ts",
        "if (pairs.some(([wanted, found]) => wanted !== undefined && !equalBytes(wanted, found))) {",
        "if (pairs.length === 0) {",
      ),
    ],
  },
  {
    test: "can't have a device seal to it",
    check: "the evidence of keys, at the device",
    edits: [
      edit(
        "libs/policy/src/authority-chain.ts",
        'const keysEvidence = verifyInstanceEvidence(chain.keysEvidence, policy, { role: "keys", nowMs, verifiers });',
        "const keysEvidence = chain.keysEvidence as never as VerifiedEvidence;",
      ),
    ],
  },
  {
    test: "can't give its keys to an instance",
    check: "the evidence of keys, at an instance",
    edits: [
      edit(
        "libs/policy/src/authority-chain.ts",
        'const keysEvidence = verifyInstanceEvidence(chain.keysEvidence, policy, { role: "keys", nowMs, verifiers });',
        "const keysEvidence = chain.keysEvidence as never as VerifiedEvidence;",
      ),
      edit(
        "libs/keyring/src/tenant-trust.ts",
        'verifyInstanceEvidence(input.keysEvidence, chain.policy, { role: "keys", nowMs, verifiers, nonce: input.nonce });',
      ),
    ],
  },
  {
    test: "can't get keys with another role's evidence",
    check: "the table of roles and purposes, in keys",
    edits: [
      edit(
        "services/keys/src/release/purpose-key.ts",
        "if (purposesOfRole[role][purpose] !== undefined) return purpose;",
        "return purpose;",
      ),
    ],
  },
  {
    test: "can't loosen a policy: the tenant's root has to sign",
    check: "a note has a signer",
    edits: [noteHasSigner],
  },
  {
    test: "can't apply one that nobody signed, or that was changed after it was signed",
    check: "a note has a signer, and its signature",
    edits: [noteHasSigner, noteIsSigned],
  },
  {
    test: "can't bring back an older policy",
    check: "versions only grow",
    edits: [
      edit(
        "services/keys/src/authority/apply-policy.ts",
        "if (policy.version < newest.version) {",
        "if (policy.version < 0) {",
      ),
    ],
  },
  {
    test: "can't change a policy under its number",
    check: "one text for a version",
    edits: [
      edit(
        "services/keys/src/authority/apply-policy.ts",
        'throw new KeysError("POLICY_CONFLICT"',
        'void new KeysError("POLICY_CONFLICT"',
      ),
    ],
  },
  {
    test: "can't apply one that has expired",
    check: "a policy's life",
    edits: [
      edit(
        "libs/policy/src/statements/tenant-policy.ts",
        "if (expected.nowMs < policy.notBeforeMs || expected.nowMs >= policy.expiresAtMs) {",
        "if (expected.nowMs < 0) {",
      ),
    ],
  },
  { test: "can't pass off another tenant's root as this one's", check: "a note has a signer", edits: [noteHasSigner] },
  { test: "can't apply another tenant's policy as this one's", check: "a note has a signer", edits: [noteHasSigner] },
  {
    test: "can't register another root for a tenant in the tables either",
    check: "a tenant's id against its genesis root",
    edits: [
      edit(
        "libs/policy/src/authority-chain.ts",
        "if (genesisRoot.length !== 32 || !equalBytes(deriveTenantId(genesisRoot), tenantId)) {",
        "if (genesisRoot.length !== 32) {",
      ),
    ],
  },
  {
    test: "can't answer a person in its own words, whatever certificate it shows",
    check: "an envelope's signature, at the device",
    edits: [signerIsExpected, signatureIsValid],
  },
  {
    test: "can't certify an instance of its own: that takes the tenant's issuer key",
    check: "a note has a signer, and a certificate's is the issuer",
    edits: [noteHasSigner, signerIsIssuer],
  },
  {
    test: "can't show a genuine reply under another role's certificate",
    check: "the role in a certificate",
    edits: [
      edit(
        "libs/policy/src/statements/instance-certificate.ts",
        'throw new PolicyError("CERTIFICATE_INVALID"',
        'void new PolicyError("CERTIFICATE_INVALID"',
      ),
    ],
  },
  {
    test: "can't forge a reply to a support tool",
    check: "an envelope's signature, at the tool",
    edits: [signerIsExpected, signatureIsValid],
  },
  {
    test: "can't show a genuine reply in another person's conversation",
    check: "a reply's conversation against its record's key, in ingest",
    edits: [
      edit(
        "services/ingest/src/replies/reply-record.ts",
        "if (!Buffer.from(record.key).equals(conversationId)) throw",
        "if (record.key.length === 0) throw",
      ),
    ],
  },
  {
    test: "can't do so in the tables either: the reader is shown a refusal",
    check: "the conversation that a reply is of",
    edits: [edit("libs/client/src/incoming.ts", 'throw new RefusedEvent("WRONG_CONVERSATION");')],
  },
  {
    test: "can't have a copy read after its time, purged or not",
    check: "the ends of bucket keys, secrets and leases",
    edits: [bucketIsRunning, secretIsRunning, leaseIsRunning],
  },
  {
    test: "gains nothing by a clock set forward: what it ends stays as closed as at its time",
    check: "the ends of bucket keys, secrets and leases",
    edits: [bucketIsRunning, secretIsRunning, leaseIsRunning],
  },
  {
    test: "can't have it read by setting the clock back after the purge",
    check: "a bucket key's tombstone",
    edits: [
      edit(
        "services/keys/src/hierarchy/bucket-key-store.ts",
        "if ((await findBucketKeyTombstone(parts.db, name)) !== undefined) {",
        "if (name.bucketEndMs < 0) {",
      ),
    ],
  },
  {
    test: "can't have it read after an erasure, by a clock set back or by keys started again",
    check: "a conversation's end",
    edits: [
      edit(
        "services/keys/src/lifecycle/destroy.ts",
        "await endConversation(tx, name);\n    return bury",
        "return bury",
      ),
      edit(
        "services/keys/src/release/purpose-key.ts",
        "if (secret !== undefined && !isBuried) return secret;",
        "if (secret !== undefined) return secret;",
      ),
      edit(
        "services/keys/src/release/release-call.ts",
        "if (statement === null || secret === undefined || isBuried) {",
        "if (statement === null || secret === undefined) {",
      ),
      edit(
        "services/keys/src/lifecycle/replay-tombstones.ts",
        "else await endConversation(tx, { tenantId, conversationId: destroyed.conversationId });",
      ),
    ],
  },
  {
    test: "can't have a living bucket's keys destroyed early by asking for it: that takes an erasure",
    check: "a bucket has ended before it is purged",
    edits: [edit("services/keys/src/lifecycle/destroy.ts", "if (nowMs < bucketEndMs) {", "if (nowMs < 0) {")],
  },
  {
    test: "can't have read what is past its end: the end is part of what is wrapped",
    check: "the ends of bucket keys, secrets and leases",
    edits: [bucketIsRunning, secretIsRunning, leaseIsRunning],
  },
  {
    test: "can't prolong a conversation by writing a later end beside its secret",
    check: "a secret's end in what is authenticated",
    edits: [rowIsBoundTo("its end", "name.conversationId")],
  },
  {
    test: "can't give a conversation another one's secret",
    check: "the conversation in what is authenticated of a secret",
    edits: [rowIsBoundTo("its conversation", "uint64(name.notAfterMs)")],
  },
  {
    test: "can't have it used for a tenant that didn't accept that",
    check: "whether the policy accepts a KMS that goes by a credential",
    edits: [
      edit(
        "services/keys/src/kms/kms-by-provider.ts",
        'if (!isTrusted) throw kmsError("KMS_CREDENTIAL_UNTRUSTED", provider);',
        "if (isTrusted === undefined) throw new TypeError();",
      ),
    ],
  },
  {
    test: "can't accept it in the tenant's name",
    check: "a policy's signatures",
    edits: [noteHasSigner, noteIsSigned],
  },
  {
    test: "an operator that shows release manifests can't sign one of its own",
    check: "a note's signer",
    edits: [noteHasSigner],
  },
  {
    test: "can't show an old one after its window",
    check: "the window of what a policy or a release allows",
    edits: [
      edit(
        "libs/attestation/src/verify-evidence.ts",
        "isAllowedAt(allowed, expected.nowMs) &&",
        "isAllowedAt(allowed, allowed.notBeforeMs ?? 0) &&",
      ),
    ],
  },
  {
    test: "can't run a release that the tenant has withdrawn",
    check: "what a policy has withdrawn",
    edits: [edit("libs/attestation/src/verify-evidence.ts", "checkWithdrawn(claims, policy);")],
  },
];
