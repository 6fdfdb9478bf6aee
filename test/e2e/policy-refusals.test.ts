import { fromBinary, toBinary, create } from "@bufbuild/protobuf";
import { simulatedVerifier } from "@cloister/attestation/simulated";
import { afterAll, beforeAll, describe, expect, it, jest } from "@jest/globals";
import type { Conversation, ReplyReceived } from "@cloister/client";
import { ReplyEventSchema } from "@cloister/contracts/events";
import { ContentType } from "@cloister/envelope";
import { Keyring, keysTransport, type KeyRequest } from "@cloister/keyring";
import {
  DAY_MS,
  HOUR_MS,
  MAX_MANIFESTS,
  noteKeyName,
  policyErrors,
  signNote,
  signPolicy,
  signRootRotation,
  type Admission,
  type PolicyErrorCode,
} from "@cloister/policy";
import type { ModelRequest } from "@cloister/service-enclave-inference";
import { sql } from "kysely";
import { Operator } from "../operator/operator.ts";
import { anId, Application, codeOf } from "./application.ts";
import { importDocument, say } from "./device.ts";
import { EmbeddedWorld } from "./embedded-world.ts";
import { newSigner } from "./tenant.ts";

// Every service is started first, on machines that may be busy.
jest.setTimeout(60_000);

const region = "eu-central-1";
const asked: ModelRequest[] = [];
const trading = { name: "insider-trading", phrases: ["insider trad*"], sentence: "Ask compliance about that, not me." };
const nhsNumber = "My NHS number is 943 476 5919.";

let world: EmbeddedWorld;
let standard: Application;

beforeAll(async () => {
  world = await EmbeddedWorld.start({
    region,
    wrapRuntime: (runtime) => ({
      answer: (request, signal) => {
        asked.push(request);
        return runtime.answer(request, signal);
      },
    }),
  });
  standard = await Application.under(world, { forbiddenTopics: [trading] });
});
afterAll(() => world.close());

interface Case {
  /** Follows "refuses". */
  readonly what: string;
  /** What the other side of the door was told. */
  readonly told: string;
  readonly attempt: () => Promise<string>;
}

/** What every refusal of libs/policy looks like to whoever stands before the doors. */
const refusals: Readonly<Record<PolicyErrorCode, readonly Case[]>> = {
  NOTE_MALFORMED: [
    {
      what: "a policy that is no signed note",
      told: "POLICY_INVALID",
      attempt: () => standard.applyNote(new TextEncoder().encode("anything goes")),
    },
  ],
  NOTE_UNSIGNED: [
    {
      what: "a policy that another key signed",
      told: "SIGNATURE_INVALID",
      attempt: () => standard.apply(standard.policy({ version: 2 }), newSigner()),
    },
  ],
  SIGNATURE_INVALID: [
    {
      what: "a policy that was changed after it was signed",
      told: "SIGNATURE_INVALID",
      attempt: () => standard.applyNote(edited(['"memory": true', '"memory": false'])),
    },
  ],
  STATEMENT_MALFORMED: [
    {
      what: "a root's rotation without its fields",
      told: "MALFORMED",
      attempt: () => standard.applyNote(policyNote(), [signed("cloister/v1 root rotation\n{}\n")]),
    },
  ],
  STATEMENT_EXPIRED: [
    {
      what: "a message sealed after its key should have been renewed",
      told: "STATEMENT_EXPIRED",
      attempt: async () => {
        const conversation = await standard.opened();
        const header = { createdAtMs: conversation.statement.sealUntilMs + 1 };
        await accepted(standard, say(conversation, standard.nowMs, 1, "Hello?", { header }));
        return standard.statusOf(conversation);
      },
    },
  ],
  STATEMENT_MISMATCH: [
    {
      what: "an answer that was made for another request",
      told: "STATEMENT_MISMATCH",
      attempt: () => {
        let first: ArrayBuffer | undefined;
        const client = standard.client({
          fetch: async (input, init) => {
            const answer = await (await fetch(input, init)).arrayBuffer();
            first ??= answer;
            return new Response(first);
          },
        });
        const open = () => standard.openChat({}, client);
        return codeOf(open().then(open));
      },
    },
  ],
  POLICY_MALFORMED: [
    {
      what: "a policy that lets models be trained on messages",
      told: "POLICY_INVALID",
      attempt: () => standard.applyNote(resigned(['"training": false', '"training": true'])),
    },
    {
      what: "a policy with a field that nobody knows",
      told: "POLICY_INVALID",
      attempt: () => standard.applyNote(resigned(['"training": false', '"training": false,\n  "readers": "all"'])),
    },
    {
      what: "a policy that keeps messages on their way for more than a week",
      told: "POLICY_INVALID",
      attempt: () => standard.applyNote(resigned([String(7 * DAY_MS), String(8 * DAY_MS)])),
    },
    {
      what: "a policy for production without what its preset requires",
      told: "POLICY_INVALID",
      attempt: () => standard.applyNote(resigned(['"development": true', '"development": false'])),
    },
  ],
  POLICY_EXPIRED: [
    {
      what: "a policy that is over before it is applied",
      told: "POLICY_EXPIRED",
      attempt: () => standard.apply(standard.policy({ version: 2, expiresAtMs: standard.nowMs })),
    },
    {
      what: "a message once the policy is over",
      told: "POLICY_EXPIRED",
      attempt: async () => {
        const brief = await Application.under(world, { expiresAtMs: world.clock.nowMs() + 5_000 });
        const conversation = await brief.opened();
        world.clock.advance(5_000);
        return brief.post(say(conversation, brief.nowMs, 1, "Hello?").envelope);
      },
    },
  ],
  POLICY_STALE: [
    {
      what: "a policy older than the one in force",
      told: "POLICY_STALE",
      attempt: async () => {
        const later = await Application.under(world, { version: 2 });
        return later.apply(later.policy({ version: 1 }));
      },
    },
    {
      what: "a message under a policy that nobody signed yet, which may come later",
      told: "POLICY_UNKNOWN",
      attempt: async () => {
        const conversation = await standard.opened();
        return standard.post(say(conversation, standard.nowMs, 1, "Hello?", { header: { policyVersion: 9 } }).envelope);
      },
    },
  ],
  POLICY_FOREIGN: [
    {
      what: "a policy that names another root beside the tenant's",
      told: "POLICY_FOREIGN",
      attempt: () => {
        const roots = [newSigner().publicKey, standard.tenant.root.publicKey];
        return standard.apply(standard.policy({ version: 2, roots }));
      },
    },
  ],
  ROOT_UNTRUSTED: [
    {
      what: "a rotation of the root that comes out of order",
      told: "POLICY_FOREIGN",
      attempt: () => {
        const { root, tenantId } = standard.tenant;
        const rotation = { tenantId, index: 2, newRoot: newSigner().publicKey, issuedAtMs: standard.nowMs };
        return standard.applyNote(policyNote(), [signRootRotation(rotation, root)]);
      },
    },
  ],
  EVIDENCE_INVALID: [
    {
      what: "a key service whose machine the policy doesn't name",
      told: "EVIDENCE_INVALID",
      attempt: async () => {
        const otherMachine = Buffer.concat([Buffer.of(2), newSigner().publicKey]);
        const foreign = await Application.under(world, { simulatedRoots: [otherMachine] });
        return codeOf(foreign.openChat());
      },
    },
  ],
  MEASUREMENT_NOT_ALLOWED: [
    {
      what: "a key service whose program the policy doesn't name",
      told: "MEASUREMENT_NOT_ALLOWED",
      attempt: async () => {
        const { measurements } = standard.policy();
        const strict = await Application.under(world, { measurements: { ...measurements, keys: [] } });
        return codeOf(strict.openChat());
      },
    },
  ],
  MEASUREMENT_WITHDRAWN: [
    {
      what: "a key service whose program the policy lists and has withdrawn",
      told: "MEASUREMENT_WITHDRAWN",
      attempt: async () => {
        const withdrawn = standard.policy().measurements.keys.map(({ measurement }) => measurement);
        return codeOf((await Application.under(world, { withdrawn })).openChat());
      },
    },
  ],
  MANIFEST_MALFORMED: [
    {
      what: "an instance with more release manifests than count",
      told: "EVIDENCE_REJECTED",
      attempt: async () => {
        const { id: conversationId } = await standard.openChat();
        const manifests = Array.from({ length: MAX_MANIFESTS + 1 }, () => new Uint8Array(1));
        return keyRefusal({ conversationId, purpose: "vector" }, manifests);
      },
    },
  ],
  CERTIFICATE_INVALID: [
    {
      what: "a reply with the certificate of an instance of another role",
      told: "CERTIFICATE_INVALID",
      attempt: async () => {
        const chat = await standard.openChat();
        const state = chat.exportState();
        await chat.ask("I am Marisol Quintanilla.");
        await swapCertificates(chat);
        const signal = AbortSignal.timeout(30_000);
        for await (const event of standard.client().resumeConversation(state).replies({ signal })) {
          if (event.kind === "refused") return event.code;
        }
        return "accepted";
      },
    },
  ],
  ADMISSION_REQUIRED: [
    {
      what: "a device without an admission",
      told: "ADMISSION_REQUIRED",
      attempt: () => codeOf(standard.client().openConversation({ admission: () => new Uint8Array() })),
    },
  ],
  ADMISSION_INVALID: [
    {
      what: "an admission that no issuer of the policy signed",
      told: "ADMISSION_INVALID",
      attempt: async () => {
        const stranger = new Application(world);
        const { tenantId } = standard.tenant;
        return codeOf(
          standard.client().openConversation({
            admission: (keys) => stranger.tenant.admission(keys, standard.nowMs, { tenantId }),
          }),
        );
      },
    },
    {
      what: "an admission for an unknown kind of conversation",
      told: "ADMISSION_INVALID",
      attempt: () =>
        codeOf(
          standard.client().openConversation({
            admission: (keys) => {
              const note = new TextDecoder().decode(standard.tenant.admission(keys, standard.nowMs));
              const text = note.slice(0, note.indexOf("\n\n") + 1).replace('"chat"', '"voice"');
              const name = noteKeyName(standard.tenant.tenantId, "admission");
              return signNote(text, [{ name, key: standard.tenant.admissionIssuer }]);
            },
          }),
        ),
    },
  ],
  ADMISSION_EXPIRED: [
    {
      what: "an admission of yesterday",
      told: "ADMISSION_EXPIRED",
      attempt: () => openWith({ issuedAtMs: standard.nowMs - DAY_MS, expiresAtMs: standard.nowMs }),
    },
    {
      what: "an admission for more than a day",
      told: "ADMISSION_EXPIRED",
      attempt: () => openWith({ issuedAtMs: standard.nowMs, expiresAtMs: standard.nowMs + DAY_MS + 1_000 }),
    },
  ],
  MESSAGE_EXPIRED: [
    {
      what: "a message past its expiry",
      told: "EXPIRED",
      attempt: async () => {
        const conversation = await standard.opened();
        const expiresAtMs = Math.floor(standard.nowMs / HOUR_MS) * HOUR_MS;
        const header = { createdAtMs: expiresAtMs - HOUR_MS, expiresAtMs };
        return standard.post(say(conversation, standard.nowMs, 1, "Hello?", { header }).envelope);
      },
    },
  ],
  RETENTION_TOO_LONG: [
    {
      what: "a message that asks to be kept longer than the policy allows",
      told: "RETENTION_TOO_LONG",
      attempt: async () => {
        const conversation = await standard.opened();
        const header = { expiresAtMs: conversation.statement.expiresAtMs + DAY_MS };
        return standard.post(say(conversation, standard.nowMs, 1, "Hello?", { header }).envelope);
      },
    },
  ],
  RESIDENCY_VIOLATION: [
    {
      what: "a message in a region that the policy doesn't name",
      told: "RESIDENCY_VIOLATION",
      attempt: async () => {
        const abroad = await Application.under(world, residentIn("us-east-1"));
        const conversation = await abroad.opened();
        return abroad.post(say(conversation, abroad.nowMs, 1, "Hello?").envelope);
      },
    },
    {
      what: "to open such a message in redaction, when it went around ingest",
      told: "RESIDENCY_VIOLATION",
      attempt: async () => {
        const abroad = await Application.under(world, residentIn("us-east-1"));
        const conversation = await abroad.opened();
        await new Operator(world).produce(say(conversation, abroad.nowMs, 1, "Hello?").record);
        return abroad.statusOf(conversation);
      },
    },
  ],
  REGULATED_DATA_BLOCKED: [
    {
      what: "data that the preset standard is too weak for",
      told: "REGULATED_DATA_BLOCKED",
      attempt: async () => refusalCodeOf(await (await standard.openChat()).ask(nhsNumber)),
    },
    {
      what: "a document with such data",
      told: "REGULATED_DATA_BLOCKED",
      attempt: async () => {
        const { conversation } = await importing(standard, nhsNumber);
        return standard.statusOf(conversation);
      },
    },
    {
      what: "messages under a policy that wants something redacted which nothing here can find",
      told: "REGULATED_DATA_BLOCKED",
      attempt: async () => {
        const wishful = await Application.under(world, { redact: ["PERSON", "RETINA_SCAN"] });
        return codeOf((await wishful.openChat()).ask("Hello?"));
      },
    },
  ],
  TOPIC_FORBIDDEN: [
    {
      what: "a topic that the tenant forbids",
      told: "TOPIC_FORBIDDEN",
      attempt: async () => refusalCodeOf(await (await standard.openChat()).ask("Is insider trading a crime?")),
    },
  ],
  PURPOSE_NOT_ALLOWED: [
    {
      what: "an instance of embedding the keys of placeholder maps",
      told: "PURPOSE_NOT_ALLOWED",
      attempt: async () => {
        const chat = await standard.openChat();
        await chat.ask("I am Marisol Quintanilla.");
        return keyRefusal({ conversationId: chat.id, purpose: "map" });
      },
    },
  ],
  DEVELOPMENT_REFUSED: [
    {
      what: "a policy for development in an application for production",
      told: "DEVELOPMENT_REFUSED",
      attempt: () => codeOf(standard.openChat({}, standard.client({ allowDevelopment: false }))),
    },
  ],
};

describe("a policy, through the doors", () => {
  it("has a case for every refusal that libs/policy knows", () => {
    const covered = Object.entries(refusals).flatMap(([code, cases]) => (cases.length > 0 ? [code] : []));
    expect(covered.sort()).toEqual(Object.keys(policyErrors).sort());
  });

  const cases = Object.entries(refusals).flatMap(([code, of]) => of.map((one) => ({ ...one, code })));
  it.each(cases)("refuses $what: $code, told as $told", async ({ attempt, told }) => {
    expect(await attempt()).toBe(told);
  });

  it("refuses a document in a chat", async () => {
    const chat = await standard.opened();
    await accepted(standard, importDocument(chat, standard.nowMs, 1, { documentId: "d", title: "D", text: "Text." }));
    expect(await standard.statusOf(chat)).toBe("MALFORMED");
  });

  it("refuses content that no client sends", async () => {
    const chat = await standard.opened();
    const header = { contentType: ContentType.REPLY };
    expect(await standard.post(say(chat, standard.nowMs, 1, "Hello?", { header }).envelope)).toBe("MALFORMED");
  });

  it("refuses a model without the attested GPU that it asks for", async () => {
    const picky = await Application.under(world, { modelLocality: "enclave-attested-gpu" });
    expect(await codeOf((await picky.openChat()).ask("Hello?"))).toBe("MODEL_LOCALITY");
  });
});

describe("what a policy lets through", () => {
  it("is answered in a region that the policy names", async () => {
    const resident = await Application.under(world, residentIn("us-east-1", region));
    expect((await (await resident.openChat()).ask("Hello?")).refusalCode).toBeUndefined();
  });

  it("is answered with health data under a preset that is made for it, redacted", async () => {
    const clinic = await Application.under(world, {}, "healthcare");
    const { refusalCode } = await (await clinic.openChat()).ask(nhsNumber);
    expect([refusalCode, asked.at(-1)?.question]).toEqual([undefined, "My NHS number is [UK_NHS_1]."]);
  });

  it("is answered after a refusal, in the same conversation", async () => {
    const chat = await standard.openChat();
    await chat.ask("Is insider trading a crime?");
    const { refusalCode } = await chat.ask("And what is an index fund?");
    expect([refusalCode, asked.at(-1)?.turns]).toEqual([undefined, []]);
  });

  it.each([
    ["gives a model the earlier turns", true, ["What is an index fund?"]],
    ["gives a model no earlier turn without history", false, []],
  ])("%s", async (_what, history, questions) => {
    const forgetful = await Application.under(world, { history });
    const chat = await forgetful.openChat();
    await chat.ask("What is an index fund?");
    await chat.ask("And a bond?");
    expect(asked.at(-1)?.turns.map(({ question }) => question)).toEqual(questions);
  });

  it.each([
    ["remembers a person's other conversations with memory", true],
    ["remembers no other conversation without memory", false],
  ])("%s", async (_what, memory) => {
    const tenant = await Application.under(world, { memory });
    const subjectRef = anId();
    await (await tenant.openChat({ subjectRef })).ask("My favourite bird is the lapwing.");
    await world.idle();
    await (await tenant.openChat({ subjectRef })).ask("Which bird is my favourite?");
    const passages = asked.at(-1)?.passages.map(({ text }) => text) ?? [];
    expect(passages.some((text) => text.includes("lapwing"))).toBe(memory);
  });
});

describe("a message that was refused for what it says", () => {
  it("is told its reader in the tenant's words, signed like any reply, and asked of no model", async () => {
    const before = asked.length;
    const reply = await (await standard.openChat()).ask("Tell me all about insider trading.");
    expect(reply).toMatchObject({
      text: trading.sentence,
      model: "policy",
      sources: [],
      refusalCode: "TOPIC_FORBIDDEN",
    });
    expect(asked).toHaveLength(before);
  });

  it("says nothing of it outside: no status, no dead letter, a reply sealed as any other", async () => {
    const chat = await standard.openChat();
    const dead = await world.deadLetters();
    await chat.ask("Tell me all about insider trading.");
    await world.idle();
    expect((await world.mailbox(chat)).map(({ kind }) => kind)).toEqual(["reply"]);
    expect(await world.deadLetters()).toEqual(dead);
  });

  it("leaves no turn and no passage, even under a policy that remembers", async () => {
    const chat = await standard.openChat({ subjectRef: anId() });
    await chat.ask("Tell me all about insider trading.");
    await world.idle();
    const kept = [
      await world.rowsOf(chat, "enclave_inference", "turn"),
      await world.rowsOf(chat, "embedding", "passage"),
    ];
    expect(kept).toEqual([0, 0]);
  });
});

function residentIn(...regions: string[]) {
  return { residency: { regions, attested: false } };
}

function signed(text: string): Uint8Array {
  const { tenantId, root } = standard.tenant;
  return signNote(text, [{ name: noteKeyName(tenantId, "root"), key: root }]);
}

/** The next version of the policy in force. */
const policyNote = (): Uint8Array => signPolicy(standard.policy({ version: 2 }), standard.tenant.root);

/** That version with a text in place of another, under the signature of before. */
function edited([found, written]: readonly [string, string]): Uint8Array {
  const note = new TextDecoder().decode(policyNote());
  expect(note).toContain(found);
  return new TextEncoder().encode(note.replace(found, written));
}

/** The same, signed anew by the tenant's root. */
function resigned(change: readonly [string, string]): Uint8Array {
  const note = new TextDecoder().decode(edited(change));
  return signed(note.slice(0, note.indexOf("\n\n") + 1));
}

async function accepted(application: Application, { envelope }: { readonly envelope: Uint8Array }): Promise<void> {
  expect(await application.post(envelope)).toBe("accepted");
}

const openWith = (admitted: Partial<Admission>): Promise<string> => codeOf(standard.openChat(admitted));

const refusalCodeOf = ({ refusalCode }: ReplyReceived): string => refusalCode ?? "accepted";

function importing(application: Application, text: string) {
  return application.client().importKnowledge({
    admission: (keys) => application.tenant.admission(keys, application.nowMs, { kind: "kb" }),
    documents: [{ documentId: "d", title: "Staff", text }],
  });
}

/** What `keys` says to an instance of embedding that asks for a key. */
async function keyRefusal(
  wanted: Pick<KeyRequest, "conversationId" | "purpose">,
  releaseManifests: readonly Uint8Array[] = [],
): Promise<string> {
  const { keys, credentials, instances } = world.cloister;
  const { evidence, ...machine } = instances.machines.embedding;
  const keyring = new Keyring({
    role: "embedding",
    transport: keysTransport({ url: keys.connectUrl, credential: credentials.release }),
    ...machine,
    evidence: { ...evidence, releaseManifests: async () => releaseManifests },
    verifiers: [simulatedVerifier],
    allowDevelopment: true,
    clock: world.clock,
  });
  try {
    const { tenantId } = standard.tenant;
    const bucketEndMs = Math.floor((world.clock.nowMs() + 7 * DAY_MS) / (7 * DAY_MS)) * 7 * DAY_MS;
    const request: KeyRequest = { tenantId, bucketEndMs, ...wanted };
    const lease = await keyring.lease([request]);
    lease.openingKey(request);
    return "accepted";
  } catch (error) {
    return error instanceof Error && "code" in error ? String(error.code) : "UNKNOWN";
  } finally {
    keyring.close();
  }
}

/** An operator's work: the reply in a mailbox gets the certificate of the map entries beside it. */
async function swapCertificates({ id }: Conversation): Promise<void> {
  const { kysely } = world.cloister.mainDatabase;
  const { rows } = await sql<{ log_offset: string; event: Uint8Array }>`
    select log_offset, event from ingest.mailbox where conversation_id = ${id} order by log_offset`.execute(kysely);
  const [map, reply] = rows.map(({ event }) => fromBinary(ReplyEventSchema, event).event);
  if (map?.case !== "sealed" || reply?.case !== "sealed") throw new Error("no reply after map entries");
  const { signerCertificate } = map.value;
  const swapped = create(ReplyEventSchema, {
    event: { case: "sealed", value: { envelope: reply.value.envelope, signerCertificate } },
  });
  await sql`update ingest.mailbox set event = ${Buffer.from(toBinary(ReplyEventSchema, swapped))}
    where conversation_id = ${id} and log_offset = ${rows[1]?.log_offset}`.execute(kysely);
}
