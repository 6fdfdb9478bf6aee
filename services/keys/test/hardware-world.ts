import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { AttestedRole, EvidenceVerifier } from "@cloister/attestation";
import { SnpAuthenticator, snpVerifier } from "@cloister/attestation/sev-snp";
import { snpSource } from "@cloister/attestation/sources/configfs-tsm";
import { createTlsIdentity, Keyring, keysTransport, type KeyringOptions } from "@cloister/keyring";
import { openMachine, type Machine } from "@cloister/keyring/machine";
import { embeddedCapabilities, type PolicyChoices } from "@cloister/policy";
import { createClient } from "@connectrpc/connect";
import { AuthorityService } from "@cloister/contracts/keys/authority";
import { LocalKeyring, startKeys, type RunningKeys } from "@cloister/service-keys";
import type { Database } from "@cloister/storage";
import { FakeClock, silentLog, testDatabase } from "@cloister/testing";
import { FakeKernel, levels, snpGuest, TestAmd, type ReportOptions } from "@cloister/testing/evidence";
import { readGpuKeys } from "../src/adapters/gpu-keys-file.ts";
import { TestGpuService } from "./gpu-service.ts";
import { TestClient, TestTenant } from "./tenant.ts";
import { credentials } from "./world.ts";

/** The program of each role, as the machines that run it measure it. */
const programs: Readonly<Record<AttestedRole, Uint8Array>> = {
  keys: new Uint8Array(48).fill(0x11),
  redaction: new Uint8Array(48).fill(0x22),
  "enclave-inference": new Uint8Array(48).fill(0x33),
  embedding: new Uint8Array(48).fill(0x44),
};

/** What a machine is, where it isn't the one that the policy allows. */
export interface Guest extends Omit<ReportOptions, "reportData"> {
  readonly configuration?: Readonly<Record<string, unknown>>;
}

/**
 * `keys` and instances as in production, on machines of SEV-SNP that were made for the test: each reads its evidence from
 * a kernel's configfs, and believes this AMD's alone.
 */
export class HardwareWorld {
  readonly #amd: TestAmd;
  readonly gpuService = new TestGpuService();
  readonly clock = new FakeClock(Date.UTC(2026, 10, 22, 12, 34, 56));
  readonly #folder: string;
  readonly #keyrings: Keyring[] = [];
  readonly #running: { readonly keys: RunningKeys; readonly db: Database }[] = [];

  private constructor(amd: TestAmd, folder: string) {
    this.#amd = amd;
    this.#folder = folder;
  }

  static async make(): Promise<HardwareWorld> {
    return new HardwareWorld(await TestAmd.make(), await mkdtemp(join(tmpdir(), "cloister-hardware-")));
  }

  get verifiers(): readonly EvidenceVerifier[] {
    return [snpVerifier(new SnpAuthenticator(this.#amd))];
  }

  /** The machine that a role is started on, as its main opens it. */
  async machine(role: AttestedRole, configuration: Readonly<Record<string, unknown>> = { role }): Promise<Machine> {
    const owner = { role, code: new URL(import.meta.url), configuration, clock: this.clock, log: silentLog };
    const isThere = async (path: string): Promise<boolean> => path === "/tsm";
    const tsmFiles = await this.#kernel(role);
    return openMachine({}, owner, { verifiers: this.verifiers, isThere, tsmFolder: "/tsm", tsmFiles });
  }

  /** One whose program was changed so that it doesn't look at its own evidence. */
  async #changed(role: AttestedRole, { configuration, ...guest }: Guest): Promise<Machine> {
    const evidence = snpSource({ folder: "/tsm", files: await this.#kernel(role, guest) });
    return { ...(await this.machine(role, configuration)), evidence };
  }

  async #kernel(role: AttestedRole, guest: Omit<Guest, "configuration"> = {}): Promise<FakeKernel> {
    const vcek = await this.#amd.endorse({ tcb: guest.tcb ?? levels });
    return new FakeKernel(snpGuest(this.#amd, vcek, { measurement: programs[role], ...guest }));
  }

  /** Starts `keys` on such a machine. */
  async startKeys(guest: Guest = {}): Promise<RunningKeys> {
    const machine = await this.#changed("keys", guest);
    const { evidence, verifiers, configurationDigest, isDevelopment, simulatedRoots } = machine;
    const db = await testDatabase();
    const gpuKeysFile = join(this.#folder, "gpu-keys.json");
    await writeFile(gpuKeysFile, this.gpuService.jwks);
    const keys = await startKeys(
      {
        grpc: { host: "127.0.0.1", port: 0, tls: createTlsIdentity() },
        credentials,
        configurationDigest,
        simulatedRoots,
        allowDevelopment: isDevelopment,
        capabilities: { ...embeddedCapabilities, hardwareEvidence: true, attestedRegion: true, externalKms: true },
      },
      {
        db,
        // It stands for the tenant's Vault, which the policy names.
        keyWrapper: await LocalKeyring.open(join(this.#folder, `${this.#running.length}.json`)),
        evidence,
        verifiers,
        gpuVerifier: (await readGpuKeys(gpuKeysFile)).verifier,
        clock: this.clock,
        log: silentLog,
      },
    );
    this.#running.push({ keys, db });
    return keys;
  }

  /** The keyring of an instance, as its service's main makes it. */
  async keyring(
    keys: RunningKeys,
    guest: Guest = {},
    changes: Partial<KeyringOptions> = {},
    machineOf: AttestedRole = "redaction",
  ): Promise<Keyring> {
    const { evidence, verifiers, configurationDigest, isDevelopment } = await this.#changed(machineOf, guest);
    const transport = keysTransport({ url: keys.connectUrl, credential: credentials.release });
    const keyring = new Keyring({
      role: "redaction",
      ...{ transport, evidence, verifiers, configurationDigest },
      allowDevelopment: isDevelopment,
      clock: this.clock,
      ...changes,
    });
    this.#keyrings.push(keyring);
    return keyring;
  }

  /** A production policy of a tenant that allows these programs on Milan of these patch levels, and a conversation. */
  async conversation(keys: RunningKeys, changes: Partial<PolicyChoices> = {}) {
    const tenant = new TestTenant();
    const policy = tenant.policy(this.clock.nowMs(), {
      development: false,
      simulatedRoots: [],
      kms: { custody: "byok", provider: "vault", keyRef: "transit/keys/tenant-kek" },
      measurements: await this.#measurements(),
      hardware: { "sev-snp": { minimumTcb: { milan: { bootloader: 4, tee: 1, snp: 22, microcode: 213 } } } },
      ...changes,
    });
    const transport = keysTransport({ url: keys.connectUrl, credential: credentials.authority });
    const authority = createClient(AuthorityService, transport);
    await authority.applyPolicy(tenant.signed(policy));
    const client = new TestClient();
    const admission = tenant.admission(client, this.clock.nowMs());
    const { chain } = await authority.openConversation(client.openRequest(tenant, admission));
    return { tenant, chain, name: { tenantId: tenant.tenantId, conversationId: client.conversationId(tenant) } };
  }

  async close(): Promise<void> {
    for (const keyring of this.#keyrings) keyring.close();
    for (const { keys, db } of this.#running) {
      await keys.close();
      await db.close();
    }
    await rm(this.#folder, { recursive: true, force: true });
  }

  async #measurements(): Promise<PolicyChoices["measurements"]> {
    const allowed = async (role: AttestedRole) => {
      const { measurement, configurationDigest } = await this.machine(role);
      return [{ measurement, configurationDigest }];
    };
    return {
      keys: await allowed("keys"),
      redaction: await allowed("redaction"),
      "enclave-inference": await allowed("enclave-inference"),
      embedding: await allowed("embedding"),
    };
  }
}
