import { describe, expect, it } from "@jest/globals";

import { addressGroup, isAddressRange, isLoopback, TrustedProxies } from "../src/limits/addresses.ts";

describe("what one customer has of the addresses", () => {
  it.each([
    ["192.0.2.7", "192.0.2.7"],
    ["::ffff:192.0.2.7", "192.0.2.7"],
    ["2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"],
    ["2001:0DB8:0001:0002::9", "2001:db8:1:2::/64"],
    ["2001:db8::9", "2001:db8:0:0::/64"],
    ["::1", "0:0:0:0::/64"],
    ["fe80::1%eth0", "fe80:0:0:0::/64"],
    ["1::2:3:4:5:6:7", "1:0:2:3::/64"],
  ])("of %s is %s", (address, group) => {
    expect(addressGroup(address)).toBe(group);
  });
});

describe("trusted proxies", () => {
  const proxies = new TrustedProxies(["10.0.0.0/8", "192.0.2.1", "2001:db8::/32"]);

  it.each<[string, boolean]>([
    ["10.200.0.1", true],
    ["::ffff:10.200.0.1", true],
    ["11.0.0.1", false],
    ["192.0.2.1", true],
    ["192.0.2.2", false],
    ["2001:db8:9::1", true],
    ["2001:db9::1", false],
    ["no address", false],
  ])("%s is one: %s", (address, expected) => {
    expect(proxies.has(address)).toBe(expected);
  });
});

it.each<[string, boolean]>([
  ["10.0.0.0/8", true],
  ["10.0.0.0/33", false],
  ["10.0.0.0/", false],
  ["10.0.0.0/8/8", false],
  ["::1", true],
  ["2001:db8::/128", true],
  ["2001:db8::/129", false],
  ["example.org", false],
])("%s is a range of addresses: %s", (text, expected) => {
  expect(isAddressRange(text)).toBe(expected);
});

it.each<[string, boolean]>([
  ["127.0.0.1", true],
  ["127.9.9.9", true],
  ["::1", true],
  ["::ffff:127.0.0.1", true],
  ["128.0.0.1", false],
  ["127.evil.example", false],
])("%s is this machine: %s", (address, expected) => {
  expect(isLoopback(address)).toBe(expected);
});
