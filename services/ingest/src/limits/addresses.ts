import { BlockList, isIP, isIPv4 } from "node:net";

/**
 * What one customer has of the addresses: an IPv4 address, or the first 64 bits of an IPv6 address (RFC 6177), within
 * which a host chooses freely.
 */
export function addressGroup(address: string): string {
  const plain = withoutMapping(address);
  if (isIP(plain) !== 6) return plain;
  const [head = "", tail] = plain.split("%", 1).join("").split("::");
  const groups = head === "" ? [] : head.split(":");
  if (tail !== undefined) {
    const end = tail === "" ? [] : tail.split(":");
    groups.push(...Array.from({ length: 8 - groups.length - end.length }, () => "0"), ...end);
  }
  return `${groups
    .slice(0, 4)
    .map((group) => Number.parseInt(group, 16).toString(16))
    .join(":")}::/64`;
}

/** True for an address of this machine itself. */
export function isLoopback(address: string): boolean {
  const plain = withoutMapping(address);
  return plain === "::1" || (isIPv4(plain) && plain.startsWith("127."));
}

/** True for an address, or an address with a prefix length, such as 10.0.0.0/8. */
export function isAddressRange(text: string): boolean {
  const [address = "", prefix, ...rest] = text.split("/");
  const version = isIP(address);
  if (version === 0 || rest.length > 0) return false;
  return prefix === undefined || (/^\d{1,3}$/u.test(prefix) && Number(prefix) <= (version === 4 ? 32 : 128));
}

/** The proxies whose X-Forwarded-For counts. */
export class TrustedProxies {
  readonly #list = new BlockList();

  /** @param ranges for which isAddressRange is true */
  constructor(ranges: readonly string[]) {
    for (const range of ranges) {
      const [address = "", prefix] = range.split("/");
      const family = isIPv4(address) ? "ipv4" : "ipv6";
      if (prefix === undefined) this.#list.addAddress(address, family);
      else this.#list.addSubnet(address, Number(prefix), family);
    }
  }

  has(address: string): boolean {
    const plain = withoutMapping(address);
    return isIP(plain) !== 0 && this.#list.check(plain, isIPv4(plain) ? "ipv4" : "ipv6");
  }
}

/** A socket that listens on both families shows IPv4 addresses as ::ffff:192.0.2.1. */
function withoutMapping(address: string): string {
  const [, mapped] = /^::ffff:(\d+\.\d+\.\d+\.\d+)$/iu.exec(address) ?? [];
  return mapped ?? address;
}
