import { execFile } from "node:child_process";
import { mkdtemp, open, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";

const run = promisify(execFile);
const PIECE = Buffer.alloc(1024 * 1024);

/** A file system of its own, in memory, that can be filled up. */
export class SmallDisk {
  readonly folder: string;

  private constructor(folder: string) {
    this.folder = folder;
  }

  /** Why there can be none; undefined when there can. */
  static async missing(): Promise<string | undefined> {
    try {
      await (await SmallDisk.mount(1)).unmount();
      return undefined;
    } catch {
      return "a tmpfs can't be mounted here, which takes the rights of root";
    }
  }

  static async mount(mebibytes: number): Promise<SmallDisk> {
    const folder = await mkdtemp(join(tmpdir(), "cloister-disk-"));
    await run("mount", ["-t", "tmpfs", "-o", `size=${mebibytes}m,mode=1777`, "tmpfs", folder]);
    return new SmallDisk(folder);
  }

  /** Takes all that is left, to the last byte. */
  async fill(): Promise<void> {
    const file = await open(this.#filler, "w");
    try {
      for (let piece = PIECE; piece.length > 0;) {
        try {
          await file.write(piece);
        } catch {
          piece = piece.subarray(0, piece.length >> 1);
        }
      }
    } finally {
      await file.close();
    }
  }

  async free(): Promise<void> {
    await rm(this.#filler);
  }

  async unmount(): Promise<void> {
    await run("umount", ["-l", this.folder]);
    await rm(this.folder, { recursive: true, force: true });
  }

  get #filler(): string {
    return join(this.folder, "filler");
  }
}
