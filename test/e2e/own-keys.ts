import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { MovableClock, EmbeddedOptions } from "@cloister/embedded";
import { idToHex } from "@cloister/envelope";
import { createTlsIdentity } from "@cloister/keyring";
import type { Machine } from "@cloister/keyring/machine";
import { embeddedCapabilities } from "@cloister/policy";
import { LocalKeyring, securityConfiguration, startKeys, type RunningKeys } from "@cloister/service-keys";
import type { Database } from "@cloister/storage";
import { capturedLog, testDatabaseIn } from "@cloister/testing";
import { CuttableWire } from "./cuttable-wire.ts";

const credentials = { authority: "a".repeat(32), release: "r".repeat(32), lifecycle: "l".repeat(32) };

/** The `keys` that a tenant runs itself: its own database, its own KMS, and a wire between it and the operator. */
export class OwnKeys {
  readonly machine: Machine;
  readonly wire: CuttableWire;
  readonly log = capturedLog("own-keys");
  readonly #tenantId: Uint8Array;
  readonly #folder: string;
  readonly #db: Database;
  readonly #keys: RunningKeys;

  private constructor(parts: {
    readonly tenantId: Uint8Array;
    readonly machine: Machine;
    readonly folder: string;
    readonly db: Database;
    readonly keys: RunningKeys;
    readonly wire: CuttableWire;
  }) {
    this.machine = parts.machine;
    this.wire = parts.wire;
    this.#tenantId = parts.tenantId;
    this.#folder = parts.folder;
    this.#db = parts.db;
    this.#keys = parts.keys;
  }

  /** As the tenant's `cloister start keys` does, on the machine that `open` opens with this configuration. */
  static async start(
    tenantId: Uint8Array,
    clock: MovableClock,
    open: (configuration: Readonly<Record<string, unknown>>) => Promise<Machine>,
  ): Promise<OwnKeys> {
    const folder = await mkdtemp(join(tmpdir(), "cloister-own-keys-"));
    const tenants = [idToHex(tenantId)];
    const machine = await open(securityConfiguration({ kms: "vault", tenants }));
    const db = await testDatabaseIn(join(folder, "keys"));
    const keys = await startKeys(
      {
        grpc: { host: "127.0.0.1", port: 0, tls: createTlsIdentity() },
        credentials,
        configurationDigest: machine.configurationDigest,
        simulatedRoots: [],
        allowDevelopment: false,
        capabilities: { ...embeddedCapabilities, hardwareEvidence: true, externalKms: true },
        tenants,
      },
      {
        db,
        // It stands for the tenant's own Vault, which the policy names.
        keyWrapper: await LocalKeyring.open(join(folder, "keyring.json")),
        evidence: machine.evidence,
        verifiers: machine.verifiers,
        clock,
        log: capturedLog("own-keys").log,
      },
    );
    return new OwnKeys({ tenantId, machine, folder, db, keys, wire: await CuttableWire.to(keys.connectUrl) });
  }

  /** For the services of the operator: where this tenant's keys are. */
  get route(): NonNullable<EmbeddedOptions["tenantKeys"]> {
    return new Map([[idToHex(this.#tenantId), { url: this.wire.url, credentials }]]);
  }

  /** The file with the tenant's KEK. */
  keyring(): Promise<string> {
    return readFile(join(this.#folder, "keyring.json"), "utf8");
  }

  async close(): Promise<void> {
    await this.#keys.close();
    await this.#db.close();
    await this.wire.close();
    await rm(this.#folder, { recursive: true, force: true });
  }
}
