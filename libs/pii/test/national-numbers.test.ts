import { describe, expect, it } from "@jest/globals";
import { createDetector } from "@cloister/pii";

const detector = createDetector({ names: false });

function found(text: string): string[] {
  return detector.detect(text).map(({ start, end, type }) => `${type} ${text.slice(start, end)}`);
}

describe("numbers that authorities give out", () => {
  it.each([
    ["US_NPI", "NPI {1234567893}"],
    ["US_NPI", "the provider's npi number is {1234567890}"],
    ["MEDICAL_RECORD_NUMBER", "MRN: {00482913}"],
    ["MEDICAL_RECORD_NUMBER", "medical record number is {A-123-4567}"],
    ["MEDICAL_RECORD_NUMBER", "Patient ID {PT883920} was admitted"],
    ["MEDICAL_RECORD_NUMBER", "chart no. {55-20-118} shows"],
    ["US_ITIN", "ITIN {912-70-1234}"],
    ["US_MBI", "Medicare {1EG4-TE5-MK73}"],
    ["MEDICAL_LICENSE", "DEA {AB1234563}"],
    ["ABA_ROUTING_NUMBER", "routing number {021000021}"],
    ["US_BANK_NUMBER", "account number {000123456789}"],
    ["US_PASSPORT", "passport no {A12345678}"],
    ["US_DRIVER_LICENSE", "driver's license number is {U62928788557186}"],
    ["US_DRIVER_LICENSE", "her driver license: {D123-4567-8901}"],
    ["UK_NHS", "NHS number {943 476 5919}"],
    ["UK_NINO", "national insurance {AB 12 34 56 C}"],
    ["UK_POSTCODE", "postcode {SW1A 1AA}"],
    ["UK_UTR", "UTR {12345 67890}"],
    ["UK_SORT_CODE", "sort code {20-00-00}"],
    ["ES_NIF", "mi DNI es {54362315K}"],
    ["ES_NIE", "NIE {X-2482300-W}"],
    ["IT_FISCAL_CODE", "codice fiscale {RCCMNL83S18D969H}"],
    ["IT_VAT_CODE", "P.IVA {00743110157}"],
    ["IT_IDENTITY_CARD", "carta d'identità {CA12345AA}"],
    ["IT_PASSPORT", "passaporto {YA1234567}"],
    ["DE_TAX_ID", "Steuer-ID {36 574 261 809}"],
    ["DE_SOCIAL_SECURITY", "Sozialversicherungsnummer {15 070649 C 103}"],
    ["DE_ID_CARD", "Personalausweis {L01X00T471}"],
    ["FR_NIR", "numéro de sécurité sociale {2 95 10 99 126 111 93}"],
    ["NL_BSN", "bsn {111222333}"],
    ["BE_NATIONAL_NUMBER", "rijksregisternummer {85.07.30-033.28}"],
    ["FI_PERSONAL_IDENTITY_CODE", "{131052-308T}"],
    ["SE_PERSONNUMMER", "personnummer {880320-0016}"],
    ["DK_CPR", "cpr-nummer {211062-5629}"],
    ["NO_FODSELSNUMMER", "fødselsnummer {15108695088}"],
    ["PL_PESEL", "PESEL {44051401359}"],
    ["CH_AHV", "AHV {756.9217.0769.85}"],
    ["CZ_BIRTH_NUMBER", "rodné číslo {710319/2745}"],
    ["RO_CNP", "CNP {1630615123457}"],
    ["IE_PPS", "PPS {6433435F}"],
    ["PT_NIF", "NIF {287024008}"],
    ["TR_IDENTITY_NUMBER", "T.C. kimlik {17291716060}"],
    ["SG_NRIC_FIN", "NRIC {S1234567D}"],
    ["SG_UEN", "UEN {00192200M}"],
    ["HK_IDENTITY_CARD", "HKID {G123456(A)}"],
    ["AU_ABN", "ABN {51 824 753 556}"],
    ["AU_ACN", "ACN {004 085 616}"],
    ["AU_TFN", "tax file number {459 599 230}"],
    ["AU_MEDICARE", "medicare card {2123 45670 1}"],
    ["IN_PAN", "PAN {ACUPA7085R}"],
    ["IN_AADHAAR", "aadhaar {2341 2341 2346}"],
    ["IN_GSTIN", "GSTIN {27AAPFU0939F1ZV}"],
    ["IN_VEHICLE_REGISTRATION", "my car {MH 12 AB 1234}"],
    ["IN_VOTER", "voter id {WKH1186253}"],
    ["KR_RRN", "주민등록번호 {971013-2019909}"],
    ["TH_TNIN", "บัตรประชาชน {1-2345-45678-78-1}"],
    ["CN_RESIDENT_ID", "身份证 {360426199101010071}"],
    ["TW_NATIONAL_ID", "national id {A123456789}"],
    ["CA_SIN", "SIN {123-456-782}"],
    ["BR_CPF", "CPF {390.533.447-05}"],
    ["BR_CNPJ", "CNPJ {16.727.230/0001-97}"],
    ["MX_CURP", "CURP {BOXW310820HNERXN09}"],
    ["AR_CUIT", "CUIT {20-26756539-3}"],
    ["CL_RUT", "RUT {76.086.428-5}"],
    ["ZA_IDENTITY_NUMBER", "identity number {7503305044089}"],
    ["PASSPORT_NUMBER", "Reisepass Nr. {XY123456}"],
    ["DRIVER_LICENSE_NUMBER", "Führerschein {B072RRE2I55}"],
    ["NATIONAL_ID", "national id card number {ZX 445 9921}"],
    ["HEALTH_PLAN_NUMBER", "insurance member id {XYZ 123456789}"],
  ])("%s stands in %j", (type, marked) => {
    const [before = "", value = "", after = ""] = marked.split(/[{}]/);
    expect(found(`${before}${value}${after}`)).toEqual([`${type} ${value}`]);
  });
});

describe("what devices, cars, cards and accounts carry", () => {
  it.each([
    ["MAC_ADDRESS", "eth0 {00:1B:44:11:3A:B7} is up"],
    ["MAC_ADDRESS", "{001b.4411.3ab7}"],
    ["CRYPTO", "send to {1A1zP1eP5QGefi2DMPTfTL5SLmv7DivfNa}"],
    ["CRYPTO", "{bc1qar0srrr7xfkvy5l643lydnw9re59gtzzwf5mdq}"],
    ["CRYPTO", "{0x742d35Cc6634C0532925a3b844Bc454e4438f44e} on chain"],
    ["SWIFT_CODE", "SWIFT/BIC: {DEUTDEFF500}"],
    ["VEHICLE_IDENTIFICATION_NUMBER", "bought {1HGCM82633A004352}"],
    ["LICENSE_PLATE", "license plate {7ABC123}"],
    ["LICENSE_PLATE", "Kennzeichen {B-MW 1234}"],
    ["CREDIT_CARD_CVV", "cvv is {123}"],
    ["CREDIT_CARD_EXPIRY", "expires {09/27}"],
    ["PIN", "my PIN is {4821}"],
    ["USERNAME", "username: {mgonzalez_77}"],
    ["AGE", "a {47}-year-old man"],
    ["AGE", "she is {8} years old"],
    ["AGE", "Age: {63}"],
    ["CREDIT_CARD", "{4111 1111 1111 1111} 12/25 with it"],
    ["CREDIT_CARD", "{4111111111111111} 123"],
  ])("%s stands in %j", (type, marked) => {
    const [before = "", value = "", after = ""] = marked.split(/[{}]/);
    expect(found(`${before}${value}${after}`)).toContain(`${type} ${value}`);
  });
});

describe("numbers that are nobody's", () => {
  it.each([
    "Order 1234-5678-9012 shipped, total 1,299.00 EUR.",
    "order number 48291034 and invoice no. 2024-00412",
    "tracking number 1Z999AA10123456784",
    "USPS 9400 1118 9922 3300 0000 00",
    "ISBN 978-3-16-148410-0 or 0-306-40615-2",
    "IMEI 490154203237518",
    "EAN 4006381333931",
    "version 4.18.2, build 20240117.1134",
    "commit 9fceb02d0ae598e95dc970b74767f19372d6c1a",
    "uuid 123e4567-e89b-12d3-a456-426614174000",
    "timestamp 1700000000 and 1700000000000",
    "case number 2023-117822, ticket #558201",
    "SKU AB12345678, part no. 77-4431-X",
    "population 1 380 004 385 and 331 002 651",
    "between 100000 and 200000 rows in 350 ms",
    "lot 8847213 of batch 20231104",
    "the pin header has 40 pins, pin 10 is ground",
    "my account is locked, the card expired",
    "they sold 47 licences in 12 months",
    "two years ago, 3 years later, 20 years of work",
    "RFC 7519, section 4.1.3, ISO 27001:2022",
    "Flight BA2490, gate B22, seat 14C",
    "the username is not correct",
  ])("are left in %j", (text) => {
    expect(found(text)).toEqual([]);
  });
});
