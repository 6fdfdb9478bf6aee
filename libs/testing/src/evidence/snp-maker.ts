import type { SnpProduct, SnpTcb } from "@cloister/attestation/sev-snp";
import { authority, extension, keyUsage, makeCertificate, TestKey } from "./certificate-maker.ts";
import { certificateTable, guids } from "./certificate-tables.ts";
import { ia5, integer } from "./der-writer.ts";
import type { FakeProvider } from "./fake-kernel.ts";

const amd = "1.3.6.1.4.1.3704.1";
const lines = { milan: "Milan", genoa: "Genoa", turin: "Turin" } as const;
export const levels: SnpTcb = { fmc: 0, bootloader: 4, tee: 1, snp: 22, microcode: 213 };

export interface EndorsementOptions {
  readonly product?: SnpProduct;
  readonly kind?: "vcek" | "vlek";
  readonly tcb?: SnpTcb;
  readonly hardwareId?: Uint8Array;
  readonly notBeforeMs?: number;
  readonly notAfterMs?: number;
  readonly issuer?: string;
  /** Whose key signs it, in place of the authority's. */
  readonly signer?: () => TestKey;
  readonly extensions?: readonly Uint8Array[];
  /** Of AMD's extensions. */
  readonly isCritical?: boolean;
  /** Values of AMD's extensions in place of the right ones, by the end of their OID, as 3.1; undefined: none. */
  readonly values?: Readonly<Record<string, Uint8Array | undefined>>;
  readonly key?: TestKey;
}

export interface ReportOptions {
  readonly version?: number;
  readonly product?: SnpProduct;
  readonly kind?: "vcek" | "vlek";
  readonly tcb?: SnpTcb;
  readonly policy?: bigint;
  readonly platformInfo?: bigint;
  readonly signerInfo?: number;
  readonly vmpl?: number;
  readonly measurement?: Uint8Array;
  readonly hostData?: Uint8Array;
  readonly reportData?: Uint8Array;
  readonly chipId?: Uint8Array;
  /** Last changes of the bytes before they are signed. */
  readonly change?: (report: Uint8Array) => void;
}

/** The bit that is always one, and SMT. */
export const SOUND_POLICY = (1n << 17n) | (1n << 16n);

/** An AMD of one's own: root, authority and chip keys, and reports that the chip signs. */
export class TestAmd {
  readonly ark: Uint8Array;
  readonly ask: Uint8Array;
  readonly rootKey: TestKey;
  readonly authorityKey: TestKey;
  readonly chipKey: TestKey;

  private constructor(
    certificates: { readonly ark: Uint8Array; readonly ask: Uint8Array },
    keys: { readonly rootKey: TestKey; readonly authorityKey: TestKey; readonly chipKey: TestKey },
  ) {
    this.ark = certificates.ark;
    this.ask = certificates.ask;
    this.rootKey = keys.rootKey;
    this.authorityKey = keys.authorityKey;
    this.chipKey = keys.chipKey;
  }

  static async make(): Promise<TestAmd> {
    const [rootKey, authorityKey] = await Promise.all([TestKey.make("rsa"), TestKey.make("rsa")]);
    const chipKey = await TestKey.make("p384");
    const root = { subject: "ARK-Test", issuer: "ARK-Test", key: rootKey, signer: rootKey };
    const ark = await makeCertificate({ ...root, extensions: [authority(), keyUsage(0x06)] });
    const middle = { subject: "SEV-Test", issuer: "ARK-Test", key: authorityKey, signer: rootKey };
    const ask = await makeCertificate({ ...middle, extensions: [authority(0), keyUsage(0x04)] });
    return new TestAmd({ ark, ask }, { rootKey, authorityKey, chipKey });
  }

  endorse(options: EndorsementOptions = {}): Promise<Uint8Array> {
    const { product = "milan", kind = "vcek", tcb = levels, hardwareId = chipIdOf(product) } = options;
    const { fmc, bootloader, tee, snp, microcode } = tcb;
    const values: Readonly<Record<string, Uint8Array | undefined>> = {
      "1": integer(0),
      "2": ia5(kind === "vcek" ? `${lines[product]}-B0` : lines[product]),
      "3.1": integer(bootloader),
      "3.2": integer(tee),
      "3.3": integer(snp),
      "3.8": integer(microcode),
      ...(product === "turin" && { "3.9": integer(fmc) }),
      ...(kind === "vcek" ? { "4": hardwareId } : { "5": ia5("cloud") }),
      ...options.values,
    };
    const present = Object.entries(values).flatMap(([id, value]) =>
      value ? [extension(`${amd}.${id}`, value, options.isCritical)] : [],
    );
    return makeCertificate({
      subject: kind === "vcek" ? "SEV-VCEK" : "SEV-VLEK",
      issuer: options.issuer ?? "SEV-Test",
      key: options.key ?? this.chipKey,
      signer: options.signer?.() ?? this.authorityKey,
      ...(options.notBeforeMs === undefined ? {} : { notBeforeMs: options.notBeforeMs }),
      ...(options.notAfterMs === undefined ? {} : { notAfterMs: options.notAfterMs }),
      extensions: options.extensions ?? present,
    });
  }

  async report(options: ReportOptions = {}): Promise<Uint8Array> {
    const { version = 3, product = "milan", kind = "vcek", tcb = levels } = options;
    const report = new Uint8Array(1184);
    const view = new DataView(report.buffer);
    view.setUint32(0, version, true);
    view.setBigUint64(0x08, options.policy ?? SOUND_POLICY, true);
    view.setUint32(0x30, options.vmpl ?? 0, true);
    view.setUint32(0x34, 1, true);
    view.setBigUint64(0x40, options.platformInfo ?? 0x27n, true);
    view.setUint32(0x48, options.signerInfo ?? (kind === "vcek" ? 0 : 1 << 2), true);
    report.set(options.reportData ?? new Uint8Array(64).fill(0x51), 0x50);
    report.set(options.measurement ?? new Uint8Array(48).fill(0x52), 0x90);
    report.set(options.hostData ?? new Uint8Array(32), 0xc0);
    report.fill(0xff, 0x160, 0x180);
    for (const at of [0x38, 0x180, 0x1e0, 0x1f0]) report.set(tcbBytes(tcb, product), at);
    report.set(options.chipId ?? (kind === "vcek" ? chipIdOf(product) : new Uint8Array()), 0x1a0);
    options.change?.(report);
    const signature = await this.chipKey.signRaw(report.subarray(0, 0x2a0));
    report.set(signature.subarray(0, 48).toReversed(), 0x2a0);
    report.set(signature.subarray(48).toReversed(), 0x2a0 + 72);
    return report;
  }
}

/** The kernel's driver in a guest of that machine, whose host has `vcek` beside its reports. */
export function snpGuest(
  amd: TestAmd,
  vcek: Uint8Array,
  options: Omit<ReportOptions, "reportData"> = {},
): FakeProvider {
  return {
    name: "sev_guest",
    report: async (reportData, vmpl) => ({
      outblob: await amd.report({ vmpl, ...options, reportData }),
      auxblob: certificateTable([[guids.vcek, vcek]]),
    }),
  };
}

/** 64 bytes, 8 on Turin. */
export function chipIdOf(product: SnpProduct): Uint8Array {
  return new Uint8Array(product === "turin" ? 8 : 64).fill(0xc1);
}

function tcbBytes({ fmc, bootloader, tee, snp, microcode }: SnpTcb, product: SnpProduct): Uint8Array {
  return product === "turin"
    ? Uint8Array.of(fmc, bootloader, tee, snp, 0, 0, 0, microcode)
    : Uint8Array.of(bootloader, tee, 0, 0, 0, 0, snp, microcode);
}
