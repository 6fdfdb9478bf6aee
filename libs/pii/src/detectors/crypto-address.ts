import { sha256 } from "@noble/hashes/sha2.js";
import { always, type PatternRule } from "./rule.ts";

const base58 = "123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz";
const bech32 = "qpzry9x8gf2tvdw0s3jn54khce6mua7l";
const generators = [0x3b6a57b2, 0x26508e6d, 0x1ea119fa, 0x3d4233dd, 0x2a1462b3];
const bech32Constants: readonly number[] = [1, 0x2bc830a3];

export const cryptoAddresses: readonly PatternRule[] = [
  {
    name: "bitcoin-address",
    type: "CRYPTO",
    source: "Base58Check: version, 20 bytes of hash, four of a double SHA-256 (Bitcoin, Litecoin, Dogecoin)",
    trigger: /[13LMDA9][1-9A-HJ-NP-Za-km-z]{20}/,
    fewestDigits: 2,
    pattern: /(?<![A-Za-z0-9])[13LMDA9][1-9A-HJ-NP-Za-km-z]{25,34}(?![A-Za-z0-9])/g,
    accept: (match) => (isBase58Check(match) ? { start: 0, end: match.length, score: 1 } : undefined),
  },
  {
    name: "bitcoin-segwit-address",
    type: "CRYPTO",
    source: "BIP 173 (Bech32) and BIP 350 (Bech32m)",
    trigger: /(?:bc|tb|ltc)1/i,
    pattern: /(?<![A-Za-z0-9])(?:bc|tb|ltc)1[qpzry9x8gf2tvdw0s3jn54khce6mua7l]{11,71}(?![A-Za-z0-9])/gi,
    accept: (match) => (isBech32(match) ? { start: 0, end: match.length, score: 1 } : undefined),
  },
  {
    name: "ethereum-address",
    type: "CRYPTO",
    source: "EIP-55: 0x and 40 hexadecimal digits, capitals optional",
    trigger: /0x[0-9a-f]{40}/i,
    pattern: /(?<![A-Za-z0-9])0x[0-9a-f]{40}(?![A-Za-z0-9])/gi,
    accept: always(0.95),
  },
];

function isBase58Check(address: string): boolean {
  let number = 0n;
  for (const letter of address) number = number * 58n + BigInt(base58.indexOf(letter));
  const hex = number.toString(16).padStart(50, "0");
  if (hex.length > 50) return false;
  const bytes = Uint8Array.from({ length: 25 }, (_, at) => Number.parseInt(hex.slice(2 * at, 2 * at + 2), 16));
  const checksum = sha256(sha256(bytes.subarray(0, 21)));
  return bytes.subarray(21).every((byte, at) => byte === checksum[at]);
}

function isBech32(address: string): boolean {
  if (address !== address.toLowerCase() && address !== address.toUpperCase()) return false;
  const lower = address.toLowerCase();
  const border = lower.lastIndexOf("1");
  const prefix = Array.from(lower.slice(0, border), (letter) => letter.charCodeAt(0));
  const data = Array.from(lower.slice(border + 1), (letter) => bech32.indexOf(letter));
  if (data.includes(-1)) return false;
  const values = [...prefix.map((code) => code >> 5), 0, ...prefix.map((code) => code & 31), ...data];
  return bech32Constants.includes(polymod(values));
}

/** The checksum of BIP 173, section "Checksum". */
function polymod(values: readonly number[]): number {
  let sum = 1;
  for (const value of values) {
    const top = sum >>> 25;
    sum = ((sum & 0x1ffffff) << 5) ^ value;
    for (const [bit, generator] of generators.entries()) if ((top >>> bit) & 1) sum ^= generator;
  }
  return sum >>> 0;
}
