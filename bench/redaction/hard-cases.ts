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
];

export const hardCases: readonly GoldText[] = hard.map(parsed);

/** Texts that hold nothing personal and look as if they did. */
export const plainCases: readonly string[] = [
  "The meeting is at 10:30:45, room 4.12.7.",
  "Version 10.2.33.4.1 fixes issue 4111111111111112.",
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
