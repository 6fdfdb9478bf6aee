import { variable, type ConfigOf } from "@cloister/service";
import { z } from "zod";
import { defaultParkingLimits, type ParkingLimits } from "./parking-limits.ts";

/** For the configuration of every service that parks. */
export const parkingVariables = {
  parkingMaxRecords: variable("CLOISTER_PARKING_MAX_RECORDS", z.coerce.number().int().min(1), {
    description: "Parked messages of one tenant from which on ingest refuses its new ones (429 PARKING_FULL)",
    default: String(defaultParkingLimits.maxRecords),
  }),
  parkingMaxBytes: variable("CLOISTER_PARKING_MAX_BYTES", z.coerce.number().int().min(1_048_576), {
    description: "The same, in bytes of sealed messages; whichever is reached first counts",
    default: String(defaultParkingLimits.maxBytes),
  }),
};

export function parkingLimits(config: ConfigOf<typeof parkingVariables>): ParkingLimits {
  return { maxRecords: config.parkingMaxRecords, maxBytes: config.parkingMaxBytes };
}
