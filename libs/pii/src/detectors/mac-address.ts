import { always, type PatternRule } from "./rule.ts";

export const macAddress: PatternRule = {
  name: "mac-address",
  type: "MAC_ADDRESS",
  source: "IEEE 802-2014 section 8: six octets, parted by hyphens or colons, or three groups with dots",
  trigger: /[0-9a-f]{2}[:-][0-9a-f]{2}[:-]|[0-9a-f]{4}\.[0-9a-f]{4}\./i,
  pattern:
    /(?<![0-9a-z:-])(?:[0-9a-f]{2}([:-])(?:[0-9a-f]{2}\1){4}[0-9a-f]{2}|[0-9a-f]{4}\.[0-9a-f]{4}\.[0-9a-f]{4})(?![0-9a-z]|[:-][0-9a-f])/gi,
  accept: always(0.95),
};
