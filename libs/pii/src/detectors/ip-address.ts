import { always, anyWord, type Accepted, type PatternRule } from "./rule.ts";

const octet = "(?:25[0-5]|2[0-4]\\d|1\\d\\d|[1-9]?\\d)";

export const ipv4: PatternRule = {
  name: "ipv4",
  type: "IP_ADDRESS",
  source: "RFC 791; RFC 4632 for a prefix length",
  trigger: /\d\.\d/,
  pattern: new RegExp(`(?<![\\d.])${octet}(?:\\.${octet}){3}(?:/(?:3[0-2]|[12]?\\d)(?!\\d))?(?![\\d]|\\.\\d)`, "g"),
  accept: always(0.85),
  context: {
    words: anyWord("ip", "ipv4", "address(?:es)?", "host", "server", "login", "from", "adresse", "dirección"),
    score: 0.95,
  },
  against: anyWord("versions?", "v", "ver", "firmware", "release", "section", "chapter", "build", "oid"),
};

export const ipv6: PatternRule = {
  name: "ipv6",
  type: "IP_ADDRESS",
  source: "RFC 4291 section 2.2",
  trigger: /:[0-9a-f]{0,4}:/i,
  pattern: /(?<![0-9a-z:.])(?:::|[0-9a-f]{1,4}:)[0-9a-f:]{1,38}(?:(?:\.\d{1,3}){3})?(?![0-9a-z])/gi,
  accept: acceptIpv6,
};

function acceptIpv6(match: string): Accepted | undefined {
  const address = match.endsWith(":") && !match.endsWith("::") ? match.slice(0, -1) : match;
  return isIpv6(address) && address !== "::" ? { start: 0, end: address.length, score: 0.95 } : undefined;
}

function isIpv6(address: string): boolean {
  const halves = address.split("::");
  if (halves.length > 2) return false;
  const groups = halves.flatMap((half) => (half === "" ? [] : half.split(":")));
  const last = groups.at(-1);
  const endsInIpv4 = last?.includes(".") ?? false;
  if (endsInIpv4 && !new RegExp(`^${octet}(?:\\.${octet}){3}$`).test(last ?? "")) return false;
  const hex = endsInIpv4 ? groups.slice(0, -1) : groups;
  if (!hex.every((group) => /^[0-9a-f]{1,4}$/i.test(group))) return false;
  const count = hex.length + (endsInIpv4 ? 2 : 0);
  return halves.length === 2 ? count < 8 : count === 8;
}
