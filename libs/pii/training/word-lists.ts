import { allLocales, type LocaleDefinition } from "@faker-js/faker";
import { words } from "popular-english-words";

/** Word lists of faker (MIT) and popular-english-words (ISC), as the lexicon and the templates use them. */
export interface WordLists {
  readonly givenNames: readonly string[];
  readonly familyNames: readonly string[];
  readonly englishGivenNames: readonly string[];
  readonly englishFamilyNames: readonly string[];
  readonly cities: readonly string[];
  readonly regions: readonly string[];
  readonly countries: readonly string[];
  readonly streets: readonly string[];
  readonly commonWords: readonly string[];
}

export function readWordLists(): WordLists {
  const locales = Object.values(allLocales);
  const english = [allLocales.en, allLocales.en_GB, allLocales.en_US, allLocales.en_IN, allLocales.en_AU];
  const from = (source: readonly LocaleDefinition[], pick: (locale: LocaleDefinition) => unknown) =>
    [...new Set(source.flatMap((locale) => strings(pick(locale))))].filter((name) => !/[{}\d]/.test(name));
  return {
    givenNames: from(locales, (locale) => locale.person?.first_name),
    familyNames: from(locales, (locale) => locale.person?.last_name),
    englishGivenNames: from(english, (locale) => locale.person?.first_name),
    englishFamilyNames: from(english, (locale) => locale.person?.last_name),
    cities: [...from(locales, (locale) => locale.location?.city_name), ...wellKnownCities],
    regions: from(locales, (locale) => locale.location?.state),
    countries: from(locales, (locale) => locale.location?.country),
    streets: from(locales, (locale) => locale.location?.street_name),
    commonWords: words.getMostPopular(30_000),
  };
}

/** All strings in a faker definition, however it nests and weighs them. */
function strings(definition: unknown): string[] {
  if (typeof definition === "string") return [definition];
  if (Array.isArray(definition)) return definition.flatMap(strings);
  if (definition !== null && typeof definition === "object") {
    return Object.entries(definition).flatMap(([key, value]) => (key === "weight" ? [] : strings(value)));
  }
  return [];
}

const wellKnownCities = (
  "London,Paris,Berlin,Madrid,Rome,Vienna,Zurich,Geneva,Basel,Bern,Amsterdam,Rotterdam,Brussels,Lisbon,Porto,Dublin,Edinburgh,Glasgow," +
  "Manchester,Birmingham,Leeds,Liverpool,Bristol,Oxford,Cambridge,Munich,Hamburg,Cologne,Frankfurt,Stuttgart,Leipzig,Dresden,Copenhagen," +
  "Stockholm,Oslo,Helsinki,Warsaw,Krakow,Prague,Budapest,Bucharest,Sofia,Athens,Istanbul,Ankara,Kyiv,Moscow,Milan,Naples,Turin,Florence," +
  "Venice,Barcelona,Valencia,Seville,Lyon,Marseille,Toulouse,Nice,Bordeaux,New York,Los Angeles,Chicago,Houston,Phoenix,Philadelphia," +
  "San Antonio,San Diego,Dallas,San Jose,Austin,Seattle,Denver,Boston,Detroit,Memphis,Portland,Las Vegas,Baltimore,Milwaukee,Atlanta," +
  "Miami,Oakland,Minneapolis,Cleveland,New Orleans,San Francisco,Washington,Brooklyn,Manhattan,Toronto,Montreal,Vancouver,Ottawa,Calgary," +
  "Mexico City,Bogota,Lima,Santiago,Buenos Aires,Rio de Janeiro,Sao Paulo,Brasilia,Caracas,Havana,Cairo,Lagos,Nairobi,Johannesburg," +
  "Cape Town,Casablanca,Accra,Addis Ababa,Dubai,Abu Dhabi,Doha,Riyadh,Tehran,Baghdad,Jerusalem,Tel Aviv,Beirut,Karachi,Lahore,Delhi," +
  "New Delhi,Mumbai,Bangalore,Chennai,Kolkata,Hyderabad,Pune,Dhaka,Colombo,Kathmandu,Bangkok,Hanoi,Singapore,Kuala Lumpur,Jakarta,Manila," +
  "Hong Kong,Shanghai,Beijing,Shenzhen,Guangzhou,Taipei,Seoul,Busan,Tokyo,Osaka,Kyoto,Sydney,Melbourne,Brisbane,Perth,Adelaide,Auckland,Wellington"
).split(",");
