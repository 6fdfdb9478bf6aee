import type * as kmsSdk from "@aws-sdk/client-kms";
import type { DecryptCommandOutput, KeyMetadata, KMSClient, KMSClientConfig } from "@aws-sdk/client-kms";
import { idToHex } from "@cloister/envelope";
import type { DestroyedKek, Kek, KekDescription, KeyWrapper } from "../../kms/key-wrapper.ts";
import { KmsError } from "../../kms/kms-errors.ts";
import type { KmsPermission, StatesPermissions } from "../../kms/permissions.ts";
import type { TellsTime } from "../../kms/tells-time.ts";
import { loadPeer } from "../load-peer.ts";
import { awsAddressOf, regionOf } from "./aws-key-ref.ts";
import { awsPermissions } from "./aws-permissions.ts";
import { awsRefusal } from "./aws-refusals.ts";
import { Recipient, type NitroDocument } from "./recipient.ts";

type Sdk = typeof kmsSdk;

export interface AwsKmsOptions {
  /** The only region that is asked; any without. */
  readonly region?: string;
  /** Of a VPC endpoint; AWS' own for the region without. */
  readonly endpoint?: string;
  /** What AWS' own chain finds without: the role of the instance, a web identity, the environment. */
  readonly credentials?: NonNullable<KMSClientConfig["credentials"]>;
  /** In a Nitro enclave: answers are sealed to it, so that nobody outside reads them. */
  readonly document?: NitroDocument;
}

/** A socket is given up then; how long a tenant waits is not decided here. */
const GIVE_UP_MS = 10_000;
const CONNECT_MS = 3_000;
/** AWS' shortest: what is destroyed shall be gone soon. */
const SHORTEST_WINDOW_DAYS = 7;

/** KEKs in AWS KMS, named by ARN. The context is in AWS' EncryptionContext: bound, and in CloudTrail in clear. */
export class AwsKms implements KeyWrapper, StatesPermissions, TellsTime {
  readonly untoldPermissions = ["kms:DisableKey", "kms:ScheduleKeyDeletion"];
  readonly #sdk: Sdk;
  readonly #options: AwsKmsOptions;
  readonly #recipient: Recipient | undefined;
  readonly #clients = new Map<string, KMSClient>();

  private constructor(sdk: Sdk, options: AwsKmsOptions, recipient: Recipient | undefined) {
    this.#sdk = sdk;
    this.#options = options;
    this.#recipient = recipient;
  }

  /** @throws KmsError KMS_SDK_MISSING */
  static async open(options: AwsKmsOptions): Promise<AwsKms> {
    const sdk = await loadPeer("@aws-sdk/client-kms", () => import("@aws-sdk/client-kms"));
    return new AwsKms(sdk, options, options.document && (await Recipient.create(options.document)));
  }

  async ensureKek(kek: Kek): Promise<void> {
    requireUsable(await this.#metadata(kek));
  }

  async wrap(kek: Kek, plaintext: Uint8Array, context: Uint8Array): Promise<Uint8Array> {
    const { CiphertextBlob: wrapped } = await this.#asking(kek, (client) =>
      client.send(
        new this.#sdk.EncryptCommand({
          KeyId: kek.keyRef,
          Plaintext: plaintext,
          EncryptionContext: encryptionContext(kek, context),
        }),
      ),
    );
    if (wrapped === undefined) throw malformed();
    return wrapped;
  }

  async unwrap(kek: Kek, wrapped: Uint8Array, context: Uint8Array): Promise<Uint8Array> {
    // AWS' own limits of the field; an empty one would not be sent at all.
    if (wrapped.length < 1 || wrapped.length > 6_144) throw awsRefusal(named("InvalidCiphertextException"));
    const recipient = await this.#recipient?.parameter();
    const answer = await this.#asking(kek, (client) =>
      client.send(
        new this.#sdk.DecryptCommand({
          KeyId: kek.keyRef,
          CiphertextBlob: wrapped,
          EncryptionContext: encryptionContext(kek, context),
          EncryptionAlgorithm: "SYMMETRIC_DEFAULT",
          ...(recipient !== undefined && { Recipient: recipient }),
        }),
      ),
    );
    return this.#opened(answer);
  }

  async describe(kek: Kek): Promise<KekDescription> {
    const metadata = await this.#metadata(kek);
    requireFit(metadata);
    return {
      state: stateOf(metadata),
      destroys: "after-window",
      isExportable: false,
      detail: `${metadata.KeySpec ?? "a key"} in AWS KMS, ${metadata.Origin ?? "of unknown origin"}`,
    };
  }

  async destroy(kek: Kek): Promise<DestroyedKek> {
    const { DeletionDate: date } = await this.#asking(kek, (client) =>
      client.send(
        new this.#sdk.ScheduleKeyDeletionCommand({
          // By its id, which another account's key doesn't have here: AWS deletes across accounts never.
          KeyId: kek.keyRef.slice(kek.keyRef.lastIndexOf("/") + 1),
          PendingWindowInDays: SHORTEST_WINDOW_DAYS,
        }),
      ),
    );
    if (date === undefined) throw malformed();
    return { destroys: "after-window", goneAtMs: date.getTime() };
  }

  /** Ends the connections; a later call makes new ones. */
  async close(): Promise<void> {
    for (const client of this.#clients.values()) client.destroy();
    this.#clients.clear();
  }

  async permissions(kek: Kek): Promise<readonly KmsPermission[]> {
    const context = encryptionContext(kek, new Uint8Array());
    return this.#asking(kek, (client) => awsPermissions(this.#sdk, client, kek, context));
  }

  async kmsNowMs(kek: Kek): Promise<number | undefined> {
    const command = new this.#sdk.DescribeKeyCommand({ KeyId: kek.keyRef });
    let date = "";
    command.middlewareStack.add(
      (next) => async (args) => {
        const answered = await next(args);
        date = dateOf(answered.response);
        return answered;
      },
      { step: "deserialize", priority: "low" },
    );
    await this.#asking(kek, (client) => client.send(command));
    const dateMs = Date.parse(date);
    return Number.isNaN(dateMs) ? undefined : dateMs;
  }

  /** An answer in clear where a sealed one was asked for was not given by AWS KMS. */
  #opened({ Plaintext: plaintext, CiphertextForRecipient: sealed }: DecryptCommandOutput): Uint8Array {
    if (this.#recipient === undefined) {
      if (plaintext === undefined) throw malformed();
      return plaintext;
    }
    if (sealed === undefined || (plaintext !== undefined && plaintext.length > 0)) {
      plaintext?.fill(0);
      const sentence = "The KMS answered in clear where AWS seals to the enclave: somebody else stands in its place.";
      throw new KmsError("KMS_ANSWER_MALFORMED", sentence);
    }
    return this.#recipient.open(sealed);
  }

  async #metadata(kek: Kek): Promise<KeyMetadata> {
    const { KeyMetadata: metadata } = await this.#asking(kek, (client) =>
      client.send(new this.#sdk.DescribeKeyCommand({ KeyId: kek.keyRef })),
    );
    if (metadata === undefined) throw malformed();
    return metadata;
  }

  async #asking<T>(kek: Kek, ask: (client: KMSClient) => Promise<T>): Promise<T> {
    const client = this.#clientFor(kek);
    try {
      return await ask(client);
    } catch (error) {
      throw awsRefusal(error);
    }
  }

  #clientFor(kek: Kek): KMSClient {
    const region = regionOf(kek);
    const { region: only, endpoint = awsAddressOf(kek), credentials } = this.#options;
    if (only !== undefined && only !== region) {
      const sentence = `The policy's key is in ${region}, and this deployment asks AWS KMS in ${only} alone.`;
      throw new KmsError("KMS_REGION_WRONG", sentence);
    }
    const known = this.#clients.get(region);
    if (known !== undefined) return known;
    const client = new this.#sdk.KMSClient({
      region,
      // Repeating is a decorator's, for every KMS alike.
      maxAttempts: 1,
      requestHandler: { requestTimeout: GIVE_UP_MS, connectionTimeout: CONNECT_MS, throwOnRequestTimeout: true },
      endpoint,
      ...(credentials !== undefined && { credentials }),
    });
    this.#clients.set(region, client);
    return client;
  }
}

/** The tenant by a name of its own, so that a key policy can demand it. */
function encryptionContext({ tenantId }: Kek, context: Uint8Array): Record<string, string> {
  return { "cloister:tenant": idToHex(tenantId), "cloister:context": Buffer.from(context).toString("base64") };
}

function requireFit({ KeySpec: spec, KeyUsage: usage }: KeyMetadata): void {
  if (spec === "SYMMETRIC_DEFAULT" && usage === "ENCRYPT_DECRYPT") return;
  throw awsRefusal(named("InvalidKeyUsageException"));
}

function requireUsable(metadata: KeyMetadata): void {
  requireFit(metadata);
  const state = stateOf(metadata);
  if (state === "disabled") throw awsRefusal(named("DisabledException"));
  if (state === "pending-deletion") throw awsRefusal(named("KMSInvalidStateException", "pending deletion"));
}

/** Whatever isn't enabled doesn't wrap: AWS has further states, such as Unavailable, PendingImport. */
function stateOf({ KeyState: state }: KeyMetadata): KekDescription["state"] {
  if (state === "Enabled") return "usable";
  return state === "PendingDeletion" || state === "PendingReplicaDeletion" ? "pending-deletion" : "disabled";
}

/** The header of an answer as AWS' client hands it on; empty when there is none. */
function dateOf(response: unknown): string {
  if (typeof response !== "object" || response === null || !("headers" in response)) return "";
  const { headers } = response;
  if (typeof headers !== "object" || headers === null || !("date" in headers)) return "";
  return String(headers.date);
}

function named(name: string, message = ""): Error {
  return Object.assign(new Error(message), { name });
}

const malformed = (): KmsError =>
  new KmsError("KMS_ANSWER_MALFORMED", "What answers is not AWS KMS, or not this version of it: look at the endpoint.");
