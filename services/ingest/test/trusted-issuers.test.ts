import { describe, expect, it } from "@jest/globals";

import { trustedIssuersText } from "../src/access/oidc/trusted-issuers.ts";

const issuer = { issuer: "https://login.example/realms/acme", audience: "cloister", tenantIdHex: "ab".repeat(16) };
const messages = (list: unknown): string[] =>
  trustedIssuersText.safeParse(JSON.stringify(list)).error?.issues.map(({ message }) => message) ?? [];

describe("the list of trusted issuers", () => {
  it("takes scopes from the scope claim unless told otherwise, and https alone", () => {
    expect(trustedIssuersText.parse(JSON.stringify([issuer]))).toEqual([
      { ...issuer, scopesClaim: ["scope"], development: false },
    ]);
  });

  it.each<[string, unknown]>([
    ["http", [{ ...issuer, issuer: "http://login.example" }]],
    ["http that leaves the machine, in development too", [{ ...issuer, issuer: "http://10.0.0.1", development: true }]],
    ["http on loopback outside development", [{ ...issuer, issuer: "http://127.0.0.1:9000" }]],
    ["a host that only looks like loopback", [{ ...issuer, issuer: "http://localhost.example", development: true }]],
    ["an issuer with a query", [{ ...issuer, issuer: "https://login.example/?tenant=acme" }]],
    ["a tenant that is no id", [{ ...issuer, tenantIdHex: "acme" }]],
    ["an unknown scope", [{ ...issuer, scopesOf: { admins: ["everything"] } }]],
    ["an unknown field", [{ ...issuer, audiences: [] }]],
    ["one pair of issuer and audience for two tenants", [issuer, { ...issuer, tenantIdHex: "cd".repeat(16) }]],
    ["anything but a list", {}],
  ])("refuses %s, with a sentence", (_what, list) => {
    expect(messages(list)).toEqual([expect.stringMatching(/\w+ \w+/u)]);
  });

  it("refuses what is no JSON", () => {
    expect(trustedIssuersText.safeParse("[").success).toBe(false);
  });
});
