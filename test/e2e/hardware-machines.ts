import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { AttestedRole, EvidenceVerifier } from "@cloister/attestation";
import { NitroAuthenticator, nitroVerifier } from "@cloister/attestation/nitro";
import { collateralFiles } from "@cloister/attestation/sources/configfs-tsm";
import { TdxTrust, tdxVerifier } from "@cloister/attestation/tdx";
import { openMachine, type Machine } from "@cloister/keyring/machine";
import type { Clock } from "@cloister/service";
import { silentLog } from "@cloister/testing";
import { FakeKernel, TestNitro } from "@cloister/testing/evidence";
import * as tdx from "@cloister/testing/evidence/tdx";

/** Machines of TDX and Nitro that were made for a test, each opened as a service's main opens its own. */
export class HardwareMachines {
  readonly #nitro: TestNitro;
  readonly #collateralFolder: string;
  readonly #clock: Clock;
  readonly verifiers: readonly EvidenceVerifier[];

  private constructor(nitro: TestNitro, collateralFolder: string, clock: Clock) {
    this.#nitro = nitro;
    this.#collateralFolder = collateralFolder;
    this.#clock = clock;
    this.verifiers = [
      nitroVerifier(new NitroAuthenticator([nitro.rootSha256Hex])),
      tdxVerifier(TdxTrust.fromPem(tdx.pem(tdx.root))),
    ];
  }

  static async make(folder: string, clock: Clock): Promise<HardwareMachines> {
    const collateralFolder = join(folder, "collateral");
    const { tcbInfo, qeIdentity, pckCrl, rootCrl } = tdx.collateral;
    await mkdir(collateralFolder);
    const contents = { tcbInfo, qeIdentity, pckCrl, rootCrl, issuers: tdx.pem(tdx.signerCertificate(), tdx.root) };
    for (const name of ["tcbInfo", "qeIdentity", "pckCrl", "rootCrl", "issuers"] as const) {
      await writeFile(join(collateralFolder, collateralFiles[name]), contents[name]);
    }
    return new HardwareMachines(await TestNitro.make(), collateralFolder, clock);
  }

  /** A guest of TDX, whose kernel answers in configfs. */
  inTdx(role: AttestedRole): Promise<Machine> {
    const tsmFiles = new FakeKernel({
      name: "tdx_guest",
      report: (reportData) => ({ outblob: tdx.quote({ guest: { reportData } }) }),
    });
    const places = { tsmFiles, tsmFolder: "/tsm", isThere: async (path: string) => path === "/tsm" };
    return this.#open(role, { tdxCollateralFolder: this.#collateralFolder }, places);
  }

  /** A Nitro enclave, whose security module answers. */
  inNitro(role: AttestedRole, configuration: Readonly<Record<string, unknown>> = { role }): Promise<Machine> {
    const nsm = async () => ({
      request: (message: Uint8Array) => this.#nitro.answer(message, this.#clock.nowMs()),
    });
    const places = { nsm, nsmPath: "/nsm", isThere: async (path: string) => path === "/nsm" };
    return this.#open(role, {}, places, configuration);
  }

  #open(
    role: AttestedRole,
    environment: object,
    places: object,
    configuration: Readonly<Record<string, unknown>> = { role },
  ): Promise<Machine> {
    const owner = { role, code: new URL(import.meta.url), configuration, clock: this.#clock, log: silentLog };
    return openMachine(environment, owner, { verifiers: this.verifiers, ...places });
  }
}
