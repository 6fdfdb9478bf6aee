import { createCipheriv, createDecipheriv, createHash, randomBytes, randomUUID } from "node:crypto";
import { createServer, type IncomingMessage, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import type { Kek } from "@cloister/service-keys";
import { sealedToDocument } from "./nitro.ts";

export type KeyState = "Enabled" | "Disabled" | "PendingDeletion";

/** What may go wrong, besides the states of keys. */
export interface Trouble {
  readonly kind: "error" | "throttled" | "denied" | "expired" | "slow" | "silent";
}

interface FakeKey {
  state: KeyState;
  readonly region: string;
  readonly material: Buffer;
  /** Decrypts for enclaves with this PCR0 alone, as a condition of a key policy says. */
  readonly pcr0?: Buffer;
}

interface Request {
  readonly KeyId?: string;
  readonly Plaintext?: string;
  readonly CiphertextBlob?: string;
  readonly EncryptionContext?: Readonly<Record<string, string>>;
  readonly Recipient?: { readonly KeyEncryptionAlgorithm: string; readonly AttestationDocument: string };
  readonly PendingWindowInDays?: number;
  readonly DryRun?: boolean;
}

class Refusal extends Error {
  constructor(
    readonly type: string,
    message = "",
    readonly status = 400,
  ) {
    super(message);
  }
}

const DAY_SECONDS = 86_400;

/**
 * As the API reference of AWS KMS documents it, for what moto doesn't imitate: states of keys, keys of other regions,
 * attested recipients, throttling. Its keys are of this process alone.
 */
export class FakeAwsKms {
  readonly #keys = new Map<string, FakeKey>();
  readonly #server: Server;
  /** By key; undefined: of all. */
  readonly #troubles = new Map<string | undefined, Trouble>();
  /** Every operation that was asked for, in order. */
  readonly asked: string[] = [];
  url = "";
  /** Its callers may do what they should not. */
  allowsTooMuch = false;
  /** Of its clock, by which it dates its answers. */
  skewMs = 0;

  private constructor() {
    this.#server = createServer((request, response) => {
      void this.#answer(request).then(
        (body) => {
          if (body !== undefined) response.writeHead(200).end(JSON.stringify(body));
        },
        (error: unknown) => {
          const refusal = error instanceof Refusal ? error : new Refusal("InternalFailure", String(error), 500);
          const body = { __type: refusal.type, message: refusal.message };
          response
            .writeHead(refusal.status, { "Content-Type": "application/x-amz-json-1.1" })
            .end(JSON.stringify(body));
        },
      );
    });
  }

  static async start(): Promise<FakeAwsKms> {
    const kms = new FakeAwsKms();
    kms.#server.on("request", (_, response) => {
      response.setHeader("Date", new Date(Date.now() + kms.skewMs).toUTCString());
    });
    await new Promise<void>((resolve) => kms.#server.listen(0, "127.0.0.1", resolve));
    kms.url = `http://127.0.0.1:${(kms.#server.address() as AddressInfo).port}`;
    return kms;
  }

  stop(): void {
    this.#server.closeAllConnections();
    this.#server.close();
  }

  newKek(key: Partial<Pick<FakeKey, "region" | "pcr0">> = {}): Kek {
    const kek = this.absentKek(key.region);
    this.#keys.set(kek.keyRef, { state: "Enabled", region: "eu-central-1", material: randomBytes(32), ...key });
    return kek;
  }

  absentKek(region = "eu-central-1"): Kek {
    const keyRef = `arn:aws:kms:${region}:111122223333:key/${randomUUID()}`;
    return { tenantId: new Uint8Array(16).fill(1), provider: "aws-kms", keyRef, trustsCredential: true };
  }

  setState({ keyRef }: Kek, state: KeyState): void {
    const key = this.#keys.get(keyRef);
    if (key !== undefined) key.state = state;
  }

  begin(trouble: Trouble, kek?: Kek): void {
    this.#troubles.set(kek?.keyRef, trouble);
  }

  end(): void {
    this.#troubles.clear();
    this.#server.closeAllConnections();
  }

  async #answer(request: IncomingMessage): Promise<object | undefined> {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    const body = JSON.parse(Buffer.concat(chunks).toString()) as Request;
    const operation = String(request.headers["x-amz-target"]).replace("TrentService.", "");
    const region = /Credential=[^/]+\/\d+\/([^/]+)\/kms/u.exec(String(request.headers.authorization))?.[1] ?? "";
    this.asked.push(operation);
    const trouble = this.#troubles.get(body.KeyId) ?? this.#troubles.get(undefined);
    if (trouble?.kind === "silent") return undefined;
    if (trouble?.kind === "slow") await new Promise((resolve) => setTimeout(resolve, 6_000).unref());
    else if (trouble !== undefined) throw refusalOf(trouble);
    return this.#perform(operation, body, region);
  }

  #perform(operation: string, request: Request, region: string): object {
    const { KeyId: name = "", EncryptionContext: context = {} } = request;
    const [arn = name, key] = [...this.#keys].find(([known]) => known === name || known.endsWith(`/${name}`)) ?? [];
    if (key === undefined || key.region !== region)
      throw new Refusal("NotFoundException", `Key '${arn}' does not exist`);
    switch (operation) {
      case "DescribeKey":
        return {
          KeyMetadata: {
            KeyId: arn,
            Arn: arn,
            KeyState: key.state,
            Enabled: key.state === "Enabled",
            KeySpec: "SYMMETRIC_DEFAULT",
            KeyUsage: "ENCRYPT_DECRYPT",
            Origin: "AWS_KMS",
          },
        };
      case "GetKeyPolicy":
      case "CreateGrant":
        if (!this.allowsTooMuch) throw new Refusal("AccessDeniedException");
        if (request.DryRun === true) throw new Refusal("DryRunOperationException");
        return { Policy: "{}" };
      case "Encrypt":
        requireEnabled(arn, key);
        if (request.DryRun === true) throw new Refusal("DryRunOperationException");
        return { KeyId: arn, CiphertextBlob: sealed(key, bytes(request.Plaintext), context).toString("base64") };
      case "Decrypt":
        requireEnabled(arn, key);
        return this.#decrypted(arn, key, request);
      case "ScheduleKeyDeletion": {
        if (key.state === "PendingDeletion")
          throw new Refusal("KMSInvalidStateException", `${arn} is pending deletion.`);
        key.state = "PendingDeletion";
        const days = request.PendingWindowInDays ?? 30;
        return { KeyId: arn, DeletionDate: Math.floor(Date.now() / 1_000) + days * DAY_SECONDS, KeyState: key.state };
      }
      default:
        throw new Refusal("UnknownOperationException");
    }
  }

  #decrypted(arn: string, key: FakeKey, { CiphertextBlob, EncryptionContext = {}, Recipient }: Request): object {
    const blob = bytes(CiphertextBlob);
    const owner = [...this.#keys.values()].find(({ material }) => keyIdOf(material).equals(blob.subarray(0, 16)));
    if (owner === undefined) throw new Refusal("InvalidCiphertextException");
    if (owner !== key) throw new Refusal("IncorrectKeyException");
    const plaintext = opened(key, blob, EncryptionContext);
    if (Recipient === undefined && key.pcr0 === undefined) {
      return { KeyId: arn, Plaintext: plaintext.toString("base64"), EncryptionAlgorithm: "SYMMETRIC_DEFAULT" };
    }
    const document = bytes(Recipient?.AttestationDocument);
    const ciphertext = sealedToDocument(document, plaintext, key.pcr0);
    if (ciphertext === undefined)
      throw new Refusal("AccessDeniedException", "is not authorized to perform: kms:Decrypt");
    return {
      KeyId: arn,
      CiphertextForRecipient: ciphertext.toString("base64"),
      EncryptionAlgorithm: "SYMMETRIC_DEFAULT",
    };
  }
}

function refusalOf({ kind }: Trouble): Refusal {
  switch (kind) {
    case "throttled":
      return new Refusal("ThrottlingException", "You have exceeded the rate at which you may call KMS.");
    case "denied":
      return new Refusal("AccessDeniedException", "User is not authorized to perform: kms:Decrypt");
    case "expired":
      return new Refusal("ExpiredTokenException", "The security token included in the request is expired");
    default:
      return new Refusal("KMSInternalException", "", 500);
  }
}

function requireEnabled(arn: string, { state }: FakeKey): void {
  if (state === "Disabled") throw new Refusal("DisabledException", `${arn} is disabled.`);
  if (state === "PendingDeletion") throw new Refusal("KMSInvalidStateException", `${arn} is pending deletion.`);
}

const bytes = (text = ""): Buffer => Buffer.from(text, "base64");
const keyIdOf = (material: Buffer): Buffer => createHash("sha256").update(material).digest().subarray(0, 16);

/** AWS' own format is its secret; this one also names its key in clear, so that another key is told from other bytes. */
function sealed({ material }: FakeKey, plaintext: Buffer, context: Readonly<Record<string, string>>): Buffer {
  const nonce = randomBytes(12);
  const cipher = createCipheriv("aes-256-gcm", material, nonce).setAAD(aadOf(context));
  return Buffer.concat([keyIdOf(material), nonce, cipher.update(plaintext), cipher.final(), cipher.getAuthTag()]);
}

function opened({ material }: FakeKey, blob: Buffer, context: Readonly<Record<string, string>>): Buffer {
  try {
    const decipher = createDecipheriv("aes-256-gcm", material, blob.subarray(16, 28), { authTagLength: 16 });
    decipher.setAAD(aadOf(context)).setAuthTag(blob.subarray(-16));
    return Buffer.concat([decipher.update(blob.subarray(28, -16)), decipher.final()]);
  } catch {
    throw new Refusal("InvalidCiphertextException");
  }
}

const aadOf = (context: Readonly<Record<string, string>>): Buffer =>
  Buffer.from(JSON.stringify(Object.entries(context).sort(([a], [b]) => (a < b ? -1 : 1))));
