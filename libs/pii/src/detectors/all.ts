import { creditCard } from "./credit-card.ts";
import { numericDate, writtenDate } from "./date-time.ts";
import { email } from "./email.ts";
import { iban } from "./iban.ts";
import { ipv4, ipv6 } from "./ip-address.ts";
import { phone } from "./phone.ts";
import type { PatternRule } from "./rule.ts";
import { secrets } from "./secrets.ts";
import { domain, url } from "./url.ts";
import { usSsn } from "./us-ssn.ts";

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
