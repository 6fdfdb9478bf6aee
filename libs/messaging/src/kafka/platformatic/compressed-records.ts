import { compressionsAlgorithms } from "@platformatic/kafka";

/** What a fetch that met compressed records fails with, see `namesIn`. */
export const RECORDS_COMPRESSED = "RECORDS_COMPRESSED";

class RecordsCompressed extends Error {
  readonly code = RECORDS_COMPRESSED;
}

function refuse(): never {
  throw new RecordsCompressed("compressed records are not read");
}

/**
 * Lets the library open no compressed batch, whoever reads in this process. Nothing of ours is compressed, and whoever
 * may write to a topic could put a gigabyte of zeros into a batch that brokers find small enough: the library unpacks it
 * whole, and the process would die of it again at each start.
 */
export function refuseCompressedRecords(): void {
  const { gzip, snappy, lz4, zstd } = compressionsAlgorithms;
  for (const algorithm of [gzip, snappy, lz4, zstd]) Object.assign(algorithm, { decompressSync: refuse });
}
