import { constants } from "node:fs";
import { mkdir, open, rmdir } from "node:fs/promises";

/** The four things that are done to a folder of configfs. Failures are those of the system call. */
export interface ReportFiles {
  makeFolder(path: string): Promise<void>;
  /** In one write: configfs takes what comes at once for the whole value. */
  write(path: string, bytes: Uint8Array): Promise<void>;
  /** All of it; one byte more than `maxBytes` where there is more. */
  read(path: string, maxBytes: number): Promise<Uint8Array>;
  /** Of configfs: its attributes go with it. */
  removeFolder(path: string): Promise<void>;
}

export const reportFiles: ReportFiles = {
  makeFolder: (path) => mkdir(path),
  async write(path, bytes) {
    const file = await open(path, constants.O_WRONLY);
    try {
      await file.write(bytes);
    } finally {
      await file.close();
    }
  },
  async read(path, maxBytes) {
    const file = await open(path, constants.O_RDONLY);
    try {
      const buffer = new Uint8Array(maxBytes + 1);
      let length = 0;
      // The size that configfs states isn't that of what comes, so it is read until nothing more comes.
      while (length < buffer.length) {
        const { bytesRead } = await file.read(buffer, length, buffer.length - length, null);
        if (bytesRead === 0) break;
        length += bytesRead;
      }
      return buffer.slice(0, length);
    } finally {
      await file.close();
    }
  },
  removeFolder: (path) => rmdir(path),
};
