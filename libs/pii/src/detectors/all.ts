import { creditCard } from "./creditCard.ts";
import { numericDate, writtenDate } from "./dateTime.ts";
import { email } from "./email.ts";
import { iban } from "./iban.ts";
import { ipv4, ipv6 } from "./ipAddress.ts";
import { phone } from "./phone.ts";
import type { PatternRule } from "./rule.ts";
import { secrets } from "./secrets.ts";
import { domain, url } from "./url.ts";
import { usSsn } from "./usSsn.ts";

export type { PatternRule } from "./rule.ts";

/** Every rule, for the detector and for those who list or check them. */
export const patternRules: readonly PatternRule[] = [
  email,
  phone,
  creditCard,
  iban,
  usSsn,
  ipv4,
  ipv6,
  url,
  domain,
  numericDate,
  writtenDate,
  ...secrets,
];
