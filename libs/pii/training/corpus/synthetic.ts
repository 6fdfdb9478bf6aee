import type { EntityType } from "../../src/entities.ts";
import type { Random } from "../random.ts";
import type { WordLists } from "../word-lists.ts";
import type { Example, NameSpan } from "./example.ts";
import { plainSentences, sentences } from "./sentences.ts";

const slot = /\{(name|first|last|city|country|region|place|address|org)\}/g;

/** `count` examples from our own sentences and the word lists. */
export function synthesize(count: number, lists: WordLists, random: Random): Example[] {
  return Array.from({ length: count }, () =>
    random.chance(0.12)
      ? { text: `${random.pick(plainSentences)} ${random.pick(plainSentences)}`, names: [] }
      : filled(random.pick(sentences), lists, random),
  );
}

function filled(sentence: string, lists: WordLists, random: Random): Example {
  let text = "";
  let copied = 0;
  const names: NameSpan[] = [];
  for (const match of sentence.matchAll(slot)) {
    text += sentence.slice(copied, match.index);
    copied = match.index + match[0].length;
    const [type, value] = valueFor(match[1] ?? "", lists, random);
    names.push({ start: text.length, end: text.length + value.length, type });
    text += value;
  }
  return { text: text + sentence.slice(copied), names };
}

function valueFor(slotName: string, lists: WordLists, random: Random): [EntityType, string] {
  switch (slotName) {
    case "name":
      return ["PERSON", fullName(lists, random)];
    case "first":
      return ["PERSON", givenName(lists, random)];
    case "last":
      return ["PERSON", familyName(lists, random)];
    case "city":
      return ["LOCATION", random.pick(lists.cities)];
    case "country":
      return ["LOCATION", random.pick(lists.countries)];
    case "region":
      return ["LOCATION", random.pick(lists.regions)];
    case "address":
      return ["LOCATION", address(lists, random)];
    case "org":
      return ["ORGANIZATION", organization(lists, random)];
    default:
      return ["LOCATION", random.pick([lists.cities, lists.countries, lists.regions].map((list) => random.pick(list)))];
  }
}

function givenName(lists: WordLists, random: Random): string {
  return random.pick(random.chance(0.6) ? lists.englishGivenNames : lists.givenNames);
}

function familyName(lists: WordLists, random: Random): string {
  return random.pick(random.chance(0.5) ? lists.englishFamilyNames : lists.familyNames);
}

function fullName(lists: WordLists, random: Random): string {
  const first = givenName(lists, random);
  const last = familyName(lists, random);
  const form = random.next();
  if (form < 0.72) return `${first} ${last}`;
  if (form < 0.8) return `${first} ${String.fromCharCode(65 + Math.floor(random.next() * 26))}. ${last}`;
  if (form < 0.86) return `${first} ${givenName(lists, random)} ${last}`;
  if (form < 0.92) return `${first} ${last}-${familyName(lists, random)}`;
  if (form < 0.96) return `${first.charAt(0)}. ${last}`;
  return `${first} ${random.pick(["van", "de", "von", "del", "bin", "al", "O'", "Mc", "di"])} ${last}`.replace(
    "' ",
    "'",
  );
}

function address(lists: WordLists, random: Random): string {
  const street = random.chance(0.4)
    ? random.pick(lists.streets)
    : `${random.pick([familyName(lists, random), random.pick(lists.cities), random.pick(["Main", "High", "Park", "Oak", "Church", "Station"])])} ${random.pick(["Street", "St", "Road", "Ave", "Avenue", "Lane", "Drive", "Blvd", "Court", "Way"])}`;
  const house = String(1 + Math.floor(random.next() * 4000));
  const line = random.chance(0.75) ? `${house} ${street}` : `${street} ${house}`;
  const unit = random.chance(0.25) ? `${random.pick([" Apt. ", ", Suite ", " Unit ", " Apt "])}${house.slice(-2)}` : "";
  const comma = random.pick([", ", ", ", "\n", " "]);
  const code = String(10000 + Math.floor(random.next() * 89999));
  const city = random.pick(lists.cities);
  const form = random.next();
  if (form < 0.2) return line + unit;
  if (form < 0.5) return `${line}${unit}${comma}${city}`;
  if (form < 0.75) return `${line}${unit}${comma}${city}, ${random.pick(lists.regions)} ${code}`;
  if (form < 0.9) return `${line}${comma}${code} ${city}`;
  return `${line}${unit}${comma}${city}${comma}${random.pick(lists.countries)}`;
}

const trades =
  "Logistics,Health,Software,Foods,Energy,Media,Capital,Insurance,Pharma,Textiles,Motors,Consulting,Analytics,Design,Security,Travel,Books,Robotics,Dental,Legal".split(
    ",",
  );
const qualities =
  "Global,United,First,Northern,Blue,Bright,Green,Prime,Summit,Golden,Silver,Alpine,Atlantic,Pacific,Royal,Modern".split(
    ",",
  );
const wellKnown =
  "Google,Microsoft,Apple,Amazon,Facebook,Meta,Twitter,Netflix,IBM,Intel,Oracle,SAP,Siemens,Bosch,BMW,Toyota,Honda,Sony,Samsung,Nokia,Ericsson,HSBC,Barclays,Citibank,JPMorgan Chase,Goldman Sachs,Deutsche Bank,UBS,Revolut,PayPal,Walmart,Target,Tesco,Ikea,Nike,Adidas,Coca-Cola,Pepsi,Nestle,Unilever,Pfizer,Bayer,Roche,Novartis,NATO,UNESCO,United Nations,NASA,FBI,BBC,CNN,Reuters,The New York Times,Harvard University,Oxford University,MIT,Red Cross,Greenpeace,Manchester United,Real Madrid,Boeing,Airbus,Lufthansa,Ryanair,Uber,Airbnb,Accenture,Deloitte,KPMG".split(
    ",",
  );

function organization(lists: WordLists, random: Random): string {
  const last = familyName(lists, random);
  const form = random.next();
  if (form < 0.25) return random.pick(wellKnown);
  if (form < 0.45)
    return `${last} ${random.pick(["Inc", "Inc.", "Ltd", "Ltd.", "LLC", "GmbH", "Group", "& Sons", "Corp", "PLC", "AG", "S.A."])}`;
  if (form < 0.55) return `${last}, ${familyName(lists, random)} and ${familyName(lists, random)}`;
  if (form < 0.75)
    return `${random.pick([...qualities, last])} ${random.pick(trades)}${random.pick(["", "", " Inc.", " GmbH", " Ltd"])}`;
  if (form < 0.85) return `${random.pick(["University of", "Bank of", "Museum of"])} ${random.pick(lists.cities)}`;
  return `${random.pick([random.pick(lists.cities), last, "St. Mary's"])} ${random.pick(["Hospital", "University", "College", "Bank", "Clinic", "High School", "Institute", "Airlines"])}`;
}
