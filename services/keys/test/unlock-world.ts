import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createClient, type Client } from "@connectrpc/connect";
import { simulatedVerifier } from "@cloister/attestation/simulated";
import { AuthorityService } from "@cloister/contracts/keys/authority";
import { keysTransport } from "@cloister/keyring";
import { embeddedCapabilities } from "@cloister/policy";
import {
  KmsError,
  LocalKeyring,
  startKeys,
  type KeysPorts,
  type KeyWrapper,
  type RunningKeys,
} from "@cloister/service-keys";
import type { Database } from "@cloister/storage";
import { capturedLog, FakeClock, testDatabase } from "@cloister/testing";
import { LockedKms, type OpenWithCredential } from "../src/kms/unlocked-kms.ts";
import { configurationDigest, evidenceOf, simulatedRoot } from "./tenant.ts";

const credentials = { authority: "a".repeat(32), release: "r".repeat(32), lifecycle: "l".repeat(32) };

/** A KMS that `keys` gets to with what tenants give alone. */
export interface TenantsKms {
  /** What `keys` has without. */
  readonly locked: KeyWrapper;
  readonly open: OpenWithCredential;
}

async function inFile(path: string, token: string): Promise<TenantsKms> {
  const keyring = await LocalKeyring.open(path);
  return {
    locked: new LockedKms("openbao"),
    open: (_, credential) =>
      credential.kind === "vault-token" && credential.token === token
        ? Promise.resolve(keyring)
        : Promise.reject(new KmsError("KMS_CREDENTIAL_REFUSED", "The KMS does not know the token.")),
  };
}

/** A `keys` without a credential for its tenants' KMS, which lets one token in. */
export class UnlockWorld {
  readonly clock = new FakeClock(Date.UTC(2026, 10, 22, 12, 34, 56));
  readonly log = capturedLog("keys");
  readonly db: Database;
  readonly #folder: string;
  readonly #kms: TenantsKms;
  #keys: RunningKeys | undefined;

  private constructor(folder: string, db: Database, kms: TenantsKms) {
    this.#folder = folder;
    this.db = db;
    this.#kms = kms;
  }

  /** @param kms the tenants' one, or the token that the file which stands in for it lets in */
  static async start(kms: string | TenantsKms): Promise<UnlockWorld> {
    const folder = await mkdtemp(join(tmpdir(), "cloister-unlock-"));
    const tenantsKms = typeof kms === "string" ? await inFile(join(folder, "keyring.json"), kms) : kms;
    const world = new UnlockWorld(folder, await testDatabase(), tenantsKms);
    world.#keys = await world.#startKeys();
    return world;
  }

  get keys(): RunningKeys {
    if (this.#keys === undefined) throw new Error("keys is not running");
    return this.#keys;
  }

  get authority(): Client<typeof AuthorityService> {
    return this.authorityAt(this.keys);
  }

  authorityAt({ connectUrl: url }: RunningKeys): Client<typeof AuthorityService> {
    return createClient(AuthorityService, keysTransport({ url, credential: credentials.authority }));
  }

  /** Another instance over the same database, which asks this one for what tenants unlocked it with. */
  startAnother(changes: Partial<Pick<KeysPorts, "evidence">> = {}): Promise<RunningKeys> {
    const peer = keysTransport({ url: this.keys.connectUrl, credential: credentials.release });
    return this.#startKeys({ peers: [peer], ...changes });
  }

  async restart(): Promise<void> {
    await this.keys.close();
    this.#keys = await this.#startKeys();
  }

  async close(): Promise<void> {
    await this.keys.close();
    await this.db.close();
    await rm(this.#folder, { recursive: true, force: true });
  }

  #startKeys(changes: Partial<KeysPorts> = {}): Promise<RunningKeys> {
    const { clock, db, log } = this;
    return startKeys(
      {
        grpc: { host: "127.0.0.1", port: 0 },
        credentials,
        configurationDigest,
        simulatedRoots: [simulatedRoot.publicKey],
        allowDevelopment: true,
        capabilities: embeddedCapabilities,
      },
      {
        db,
        clock,
        log: log.log,
        keyWrapper: this.#kms.locked,
        openWithCredential: this.#kms.open,
        evidence: evidenceOf("keys", clock),
        verifiers: [simulatedVerifier],
        ...changes,
      },
    );
  }
}
