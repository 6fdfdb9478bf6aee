import type { ReportFiles } from "@cloister/attestation/sources/configfs-tsm";

/** A failed system call, as node:fs throws it. */
export class SystemError extends Error {
  readonly errno = -1;
  readonly code: string;

  constructor(code: string) {
    super(code);
    this.code = code;
  }
}

const failed = (errno: string): SystemError => new SystemError(errno);

export interface FakeReport {
  readonly outblob: Uint8Array;
  /** What comes beside it; undefined where the provider has none. */
  readonly auxblob?: Uint8Array;
}

export interface FakeProvider {
  readonly name: string;
  /** The report over the input. */
  report(inblob: Uint8Array, privilegeLevel: number): FakeReport | Promise<FakeReport>;
}

interface Report {
  inblob: Uint8Array;
  privilegeLevel: number;
  writeGeneration: bigint;
  readGeneration: bigint;
  made: FakeReport | undefined;
}

const text = (value: string): Uint8Array => Buffer.from(`${value}\n`);
const MAX_INBLOB = 64;

/**
 * drivers/virt/coco/tsm.c, in memory: a write advances `generation`, a report is made at the first read after it and
 * kept until the next write, and a write of `inblob` that fails is lost without a word, since configfs hands it on when
 * the file is closed.
 */
export class FakeKernel implements ReportFiles {
  readonly folders = new Map<string, Report>();
  readonly removed: string[] = [];
  provider: FakeProvider | undefined;
  /** Called before each call, and may throw, or write as another process would. */
  before: (call: string, path: string) => void = () => undefined;
  /** Writes of `inblob` that the kernel refuses when their file is closed. */
  losesInblob = false;

  constructor(provider?: FakeProvider) {
    this.provider = provider;
  }

  async makeFolder(path: string): Promise<void> {
    this.before("makeFolder", path);
    if (this.provider === undefined) throw failed("ENXIO");
    if (this.folders.has(path)) throw failed("EEXIST");
    this.folders.set(path, {
      inblob: new Uint8Array(),
      privilegeLevel: 0,
      writeGeneration: 0n,
      readGeneration: 0n,
      made: undefined,
    });
  }

  async write(path: string, bytes: Uint8Array): Promise<void> {
    this.before("write", path);
    const { report, attribute } = this.#find(path);
    if (attribute === "inblob") {
      if (bytes.length > MAX_INBLOB) throw failed("EFBIG");
      if (this.losesInblob || !advance(report)) return;
      report.inblob = bytes.slice();
    } else if (attribute === "privlevel" && this.provider?.name === "sev_guest") {
      const level = Number(Buffer.from(bytes).toString());
      if (!Number.isInteger(level) || level < 0 || level > 3) throw failed("EINVAL");
      if (!advance(report)) throw failed("EBUSY");
      report.privilegeLevel = level;
    } else {
      throw failed("EACCES");
    }
  }

  async read(path: string, maxBytes: number): Promise<Uint8Array> {
    this.before("read", path);
    return (await this.#value(path)).slice(0, maxBytes + 1);
  }

  async removeFolder(path: string): Promise<void> {
    this.before("removeFolder", path);
    if (!this.folders.delete(path)) throw failed("ENOENT");
    this.removed.push(path);
  }

  async #value(path: string): Promise<Uint8Array> {
    const { report, attribute } = this.#find(path);
    switch (attribute) {
      case "provider":
        return text(this.provider?.name ?? "");
      case "generation":
        return text(String(report.writeGeneration));
      case "outblob":
        return (await this.#make(report)).outblob;
      case "auxblob": {
        const { auxblob } = await this.#make(report);
        if (auxblob === undefined) throw failed("ENOENT");
        return auxblob;
      }
      default:
        throw failed("EACCES");
    }
  }

  async #make(report: Report): Promise<FakeReport> {
    if (report.inblob.length === 0) throw failed("EINVAL");
    if (report.made && report.readGeneration === report.writeGeneration) return report.made;
    if (this.provider === undefined) throw failed("ENOTTY");
    const made = await this.provider.report(report.inblob, report.privilegeLevel);
    report.made = made;
    report.readGeneration = report.writeGeneration;
    return made;
  }

  #find(path: string): { report: Report; attribute: string } {
    const at = path.lastIndexOf("/");
    const report = this.folders.get(path.slice(0, at));
    if (report === undefined) throw failed("ENOENT");
    return { report, attribute: path.slice(at + 1) };
  }
}

/** False where so much was written without a read that the two counters would meet. */
function advance(report: Report): boolean {
  if (report.writeGeneration === BigInt.asUintN(64, report.readGeneration - 1n)) return false;
  report.writeGeneration++;
  return true;
}
