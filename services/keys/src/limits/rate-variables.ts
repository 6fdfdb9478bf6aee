import { variable } from "@cloister/service";
import { z } from "zod";
import { defaultRates, type KeysRates } from "./keys-limits.ts";

const rate = (name: keyof KeysRates, env: string, description: string) =>
  variable(`CLOISTER_KEYS_${env}`, z.coerce.number().int().positive(), {
    description: `${description}; ten seconds of it at once, then TOO_MANY_CALLS`,
    default: String(defaultRates[name]),
  });

/** The environment variables of the rates, by the names of `KeysRates`. */
export const rateVariables = {
  handshakesPerSecond: rate(
    "handshakesPerSecond",
    "HANDSHAKES_PER_SECOND",
    "Calls in a second that begin sessions, of an address",
  ),
  instanceCallsPerSecond: rate(
    "instanceCallsPerSecond",
    "INSTANCE_CALLS_PER_SECOND",
    "Other calls in a second at the Release door, of an instance",
  ),
  tenantKeysPerSecond: rate(
    "tenantKeysPerSecond",
    "TENANT_KEYS_PER_SECOND",
    "Keys in a second that instances ask for, of a tenant",
  ),
  tenantCallsPerSecond: rate(
    "tenantCallsPerSecond",
    "TENANT_CALLS_PER_SECOND",
    "Calls in a second at the Authority door, about a tenant",
  ),
};
