import { ages } from "./age.ts";
import { bankAccount } from "./bank-account.ts";
import { cardDetails } from "./card-details.ts";
import { americasAndAfrica } from "./countries/americas-and-africa.ts";
import { australia } from "./countries/australia.ts";
import { benelux } from "./countries/benelux.ts";
import { centralEurope } from "./countries/central-europe.ts";
import { easternAsia } from "./countries/eastern-asia.ts";
import { france } from "./countries/france.ts";
import { germany } from "./countries/germany.ts";
import { india } from "./countries/india.ts";
import { irelandPortugalTurkey } from "./countries/ireland-portugal-turkey.ts";
import { italy } from "./countries/italy.ts";
import { northernEurope } from "./countries/northern-europe.ts";
import { singaporeHongKong } from "./countries/singapore-hong-kong.ts";
import { spain } from "./countries/spain.ts";
import { unitedKingdom } from "./countries/united-kingdom.ts";
import { unitedStates } from "./countries/united-states.ts";
import { creditCard } from "./credit-card.ts";
import { cryptoAddresses } from "./crypto-address.ts";
import { numericDate, writtenDate } from "./date-time.ts";
import { eastAsianNames } from "./east-asian-names.ts";
import { email } from "./email.ts";
import { iban } from "./iban.ts";
import { identityDocuments } from "./identity-documents.ts";
import { ipv4, ipv6 } from "./ip-address.ts";
import { macAddress } from "./mac-address.ts";
import { medicalRecordNumber } from "./medical-record-number.ts";
import { npi } from "./npi.ts";
import { phone } from "./phone.ts";
import type { PatternRule } from "./rule.ts";
import { secrets } from "./secrets.ts";
import { swiftCode } from "./swift-code.ts";
import { domain, url } from "./url.ts";
import { usSsn } from "./us-ssn.ts";
import { username } from "./username.ts";
import { vehicle } from "./vehicle.ts";

export type { PatternRule } from "./rule.ts";

/** Every rule, for the detector and for those who list or check them. */
export const patternRules: readonly PatternRule[] = [
  email,
  phone,
  creditCard,
  ...cardDetails,
  iban,
  swiftCode,
  ...bankAccount,
  usSsn,
  ...npi,
  ...medicalRecordNumber,
  ...identityDocuments,
  ...unitedStates,
  ...unitedKingdom,
  ...spain,
  ...italy,
  ...germany,
  ...france,
  ...benelux,
  ...northernEurope,
  ...centralEurope,
  ...irelandPortugalTurkey,
  ...singaporeHongKong,
  ...australia,
  ...india,
  ...easternAsia,
  ...americasAndAfrica,
  ipv4,
  ipv6,
  macAddress,
  url,
  domain,
  username,
  ...cryptoAddresses,
  ...vehicle,
  numericDate,
  writtenDate,
  ...ages,
  ...eastAsianNames,
  ...secrets,
];
