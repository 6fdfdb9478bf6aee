import { AttestationError } from "./errors.ts";
import type { AttestedRegions, EvidenceClaims } from "./verifier.ts";

/**
 * The region that the hardware proves, or under which the policy lists the machine's id.
 * @throws AttestationError REGION_NOT_ATTESTED if the policy demands one of some regions and it is none of these.
 */
export function provedRegion(
  { region, platformIdHex }: EvidenceClaims,
  demanded: AttestedRegions | undefined,
): string | undefined {
  const proved = region ?? listedRegion(platformIdHex, demanded);
  if (demanded && (proved === undefined || !demanded.regions.includes(proved))) {
    throw new AttestationError("REGION_NOT_ATTESTED", "The evidence doesn't prove a region that the policy names.");
  }
  return proved;
}

function listedRegion(platformIdHex: string | undefined, demanded: AttestedRegions | undefined): string | undefined {
  if (platformIdHex === undefined || !demanded) return undefined;
  return Object.entries(demanded.platforms).find(([, ids]) => ids.includes(platformIdHex))?.[0];
}
