/** Of one tenant at one consumer. */
export interface ParkingUsage {
  readonly records: number;
  readonly bytes: number;
}

export interface ParkingLimits {
  /** From here on the tenant's new messages are refused at ingest. 10,000. */
  readonly maxRecords: number;
  /** Of sealed records; whichever is reached first counts. 256 MiB. */
  readonly maxBytes: number;
}

export const defaultParkingLimits: ParkingLimits = { maxRecords: 10_000, maxBytes: 256 * 1024 * 1024 };

/** What was accepted before ingest learned of the cap is parked beyond it, up to so many times the cap. */
const CEILING = 4;
/** Refusing ends here and not at the cap itself, so that it doesn't begin again with the next record. */
const RELIEVED_AT = 0.8;

export function isFull({ records, bytes }: ParkingUsage, { maxRecords, maxBytes }: ParkingLimits): boolean {
  return records >= maxRecords || bytes >= maxBytes;
}

export function isRelieved({ records, bytes }: ParkingUsage, { maxRecords, maxBytes }: ParkingLimits): boolean {
  return records < RELIEVED_AT * maxRecords && bytes < RELIEVED_AT * maxBytes;
}

export function isOverCeiling({ records, bytes }: ParkingUsage, { maxRecords, maxBytes }: ParkingLimits): boolean {
  return records > CEILING * maxRecords || bytes > CEILING * maxBytes;
}
