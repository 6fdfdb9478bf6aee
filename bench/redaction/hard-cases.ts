import type { GoldText } from "./sets.ts";

/** Written as `text with {TYPE|value} inside`; made to be missed, never trained on. */
const hard = [
  "my name is {PERSON|jürgen klöpper}, dob {DATE_TIME|14.02.1961}",
  "pls call {PERSON|aoife} back on {PHONE_NUMBER|(0)20 7946 0958}",
  "{PERSON|NGUYEN THI HOA} HAS NOT RECEIVED HER CARD {CREDIT_CARD|4539 1488 0343 6467}",
  "card \u200b{CREDIT_CARD|5500\u200b0055\u200b5555\u200b5559} stolen",
  "karte {CREDIT_CARD|\uff13\uff17\uff18\uff12\u3000\uff18\uff12\uff12\uff14\uff16\uff13\uff11\uff10\uff10\uff10\uff15} bitte sperren",
  "ssn {US_SSN|219 09 9998} and {US_SSN|219-09-9999}",
  "social security number: {US_SSN|219099998}",
  "wire it to {IBAN_CODE|FR14 2004 1010 0505 0001 3M02 606}, thanks",
  "iban {IBAN_CODE|nl91abna0417164300} of {PERSON|Femke de Vries}",
  "it's {EMAIL_ADDRESS|first.last+tag@mail.example.museum}, not the other one",
  "<{EMAIL_ADDRESS|o'neil@example.ie}>",
  "login from {IP_ADDRESS|2001:db8:85a3::8a2e:370:7334} and {IP_ADDRESS|203.0.113.77}",
  "is {PERSON|Will} the one who will pay?",
  "{PERSON|May} said she may come in May",
  "{PERSON|Paris} flew to {LOCATION|Paris}",
  "{PERSON|Jordan} lives in {LOCATION|Jordan}",
  "{PERSON|Dr. Chase|Chase} works at {ORGANIZATION|Chase Bank}",
  "Send it c/o {PERSON|Siobhán Ní Bhriain}, {LOCATION|14 Merrion Square, Dublin 2}",
  "my address: {LOCATION|Lindenstraße 12, 10969 Berlin}",
  "Regards,\n\n{PERSON|Oluwaseun Adeyemi}\nSenior Clerk",
  "{PERSON|xi} and {PERSON|ana} quarrel every day",
  "{PERSON|Maria-José Carreño Quiñones} was fined",
  "{PERSON|D'Angelo Russell} here; tel {PHONE_NUMBER|+1 (312) 555-0142}",
  "Her number? {PHONE_NUMBER|+44 (0)7911 123456}.",
  "ring me at {PHONE_NUMBER|555-867-5309 ext. 4}",
  "{PHONE_NUMBER|06 12 34 56 78} c'est mon portable",
  "password = {SECRET|Winter2024!}",
  "export AWS_KEY={SECRET|AKIAIOSFODNN7EXAMPLE}",
  "url {URL|https://people.example.org/maria.gonzalez?id=7}",
  "born on {DATE_TIME|7 July 1977} in {LOCATION|Gdańsk}",
  "DOB: {DATE_TIME|1988-11-30}, pt {PERSON|Okonkwo}, {PERSON|Chidi}",
  "tell mr {PERSON|abdullah} that {PERSON|fatima} is waiting in {LOCATION|karachi}",
  "reach me: {EMAIL_ADDRESS|maria dot gonzalez at example dot com}",
  "{EMAIL_ADDRESS|m.gonzalez [at] example [dot] org} works too",
  "{EMAIL_ADDRESS|m\u0430ria@ex\u0430mple.com} is the new one",
  "card {CREDIT_CARD|4 5 3 9 1 4 8 8 0 3 4 3 6 4 6 7}, hurry",
  "{CREDIT_CARD|4539\n1488\n0343\n6467} is all I have",
  "{CREDIT_CARD|4539 1488 0343 6467} 09/27",
  "{CREDIT_CARD|four five three nine one four eight eight oh three four three six four six seven} it says",
  "my social is {US_SSN|five three six, nine zero, four three nine nine}",
  "SSN {US_SSN|5 3 6 - 9 0 - 4 3 9 9}",
  "{US_SSN|536\u200b-90\u200b-4399} behind nothing",
  "Phone:{PHONE_NUMBER|415-555-2671}",
  "numbers are {PHONE_NUMBER|415 555 2671} {PHONE_NUMBER|415 555 2672}",
  "call {PHONE_NUMBER|four one five five five five two six seven one}",
  "attending's NPI is {US_NPI|1245319599}, MRN {MEDICAL_RECORD_NUMBER|004829137}",
  "chart no. {MEDICAL_RECORD_NUMBER|A-55-20-118}, seen on {DATE_TIME|2024-03-05}",
  "Medicare {US_MBI|1EG4-TE5-MK73}, routing {ABA_ROUTING_NUMBER|021000021}",
  "mi DNI es {ES_NIF|54362315K} y mi móvil {PHONE_NUMBER|612 34 56 78}",
  "il mio codice fiscale è {IT_FISCAL_CODE|RCCMNL83S18D969H}",
  "Steuer-ID {DE_TAX_ID|36 574 261 809}, geb. {DATE_TIME|03.07.1971}",
  "PESEL {PL_PESEL|44051401359}, tel. {PHONE_NUMBER|601 234 567}",
  "aadhaar {IN_AADHAAR|2341 2341 2346} and pan {IN_PAN|ACUPA7085R}",
  "a {AGE|47}-year-old with CPF {BR_CPF|390.533.447-05}",
];

export const hardCases: readonly GoldText[] = hard.map(parsed);

/** Texts that hold nothing personal and look as if they did. */
export const plainCases: readonly string[] = [
  "The meeting is at 10:30:45, room 4.12.7.",
  "Version 10.2.33.4.1 fixes incident 4111111111111112.",
  "May we mark this will as read? I hope for grace.",
  "Order 1234-5678-9012 shipped, total 1,299.00 EUR.",
  "ISBN 978-3-16-148410-0",
  "SELECT * FROM orders WHERE id BETWEEN 100000 AND 200000;",
  "std::vector<int> v{1, 2, 3}; v.push_back(4);",
  "The password was wrong and the token is refused.",
  "Chapter 3. The Rose and the Lily",
  "Click Here To Read Our Terms And Conditions",
  "React, Docker and Python are fine, Java is not.",
  "Add 2.5 cups of flour, 350 grams of butter and bake at 180 for 45 min.",
  "The temperature fell from 1013.25 hPa to 998.10.",
  "Take the second exit, then go straight for 2 km.",
  "The charge of 12.99 was made on the fifth, the refund on the ninth.",
  "Christmas and Easter are holidays, Mondays are not.",
  "Part number 123-45-6789 is out of stock, order 987-65-4320 is not.",
  "Tracking number 1Z999AA10123456784, or 9400 1118 9922 3300 0000 00.",
  "Firmware version 10.0.19.4 replaces 10.0.18.1.",
  "The case number is 2023-117822, the ticket is 558201.",
  "IMEI 490154203237518, EAN 4006381333931, SKU AB12345678.",
  "Commit 9fceb02d0ae598e95dc970b74767f19372d6c1a, uuid 123e4567-e89b-12d3-a456-426614174000.",
  "At 1700000000 the counter stood at 331 002 651.",
  "1 2 3 4 5 6 7 8 9 10, 100 - 120 - 140, and one two three four.",
  "It was twenty years ago, the wall is 47 years in the making, 3 times.",
  "Flight 2490 leaves gate 22 at 14:05, seat 14C.",
];

function parsed(template: string): GoldText {
  const gold: GoldText["gold"][number][] = [];
  let text = "";
  let copied = 0;
  for (const match of template.matchAll(/\{([A-Z_]+)\|(?:([^|}]*)\|)?([^}]*)\}/g)) {
    const [, type = "", written, value = ""] = match;
    text += template.slice(copied, match.index);
    copied = match.index + match[0].length;
    const start = text.length + (written === undefined ? 0 : written.length - value.length);
    text += written ?? value;
    gold.push({ start, end: text.length, type });
  }
  return { text: text + template.slice(copied), gold };
}
