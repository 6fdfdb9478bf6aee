import { describe, expect, it } from "@jest/globals";
import { planAccess, wantedRules } from "../../src/kafka/admin/acl-plan.ts";

const users = {
  ofService: (service: string) => `prod-${service}`,
  ofTenant: (tenantIdHex: string) => `prod-tenant.${tenantIdHex}`,
};
const tenant = "ab".repeat(16);
const of = (user: string) => wantedRules([tenant], users).filter((rule) => rule.user === user);
const textOf = (user: string) =>
  of(user).map(({ operation, resource, name, isPrefix }) => `${operation} ${resource} ${name}${isPrefix ? "*" : ""}`);

describe("who may do what", () => {
  it("gives a tenant its pair of topics and groups of its own name", () => {
    expect(textOf(`prod-tenant.${tenant}`)).toEqual([
      `write topic tenant.${tenant}.inbound.v1`,
      `read topic tenant.${tenant}.replies.v1`,
      `read group tenant.${tenant}.*`,
    ]);
  });

  it("keeps what was not redacted from everybody but redaction", () => {
    const readers = wantedRules([tenant], users).filter(
      ({ operation, name }) => operation === "read" && name === "chat.inbound.v1",
    );
    expect(readers.map(({ user }) => user)).toEqual(["prod-redaction"]);
  });

  it("lets ingest alone into the tenants' topics", () => {
    const ofServices = wantedRules([tenant], users).filter(
      ({ user, resource, name }) => resource === "topic" && name.startsWith("tenant.") && !user.includes(tenant),
    );
    expect(new Set(ofServices.map(({ user }) => user))).toEqual(new Set(["prod-ingest"]));
    expect(textOf("prod-ingest")).toEqual(expect.arrayContaining([`read topic tenant.${tenant}.inbound.v1`]));
  });

  it("names no rule twice, and no pattern that would reach another's", () => {
    const rules = wantedRules([tenant, "cd".repeat(16)], users);
    expect(new Set(rules.map((rule) => JSON.stringify(rule))).size).toBe(rules.length);
    const patterns = rules.filter(({ isPrefix }) => isPrefix);
    expect(patterns.every(({ user, name }) => user === `prod-${name.slice(0, -1)}`)).toBe(true);
  });
});

describe("the plan of access rules", () => {
  const rules = wantedRules([], users);

  it("adds what is missing and takes away what is too much", () => {
    const [first, ...others] = rules;
    if (first === undefined) throw new Error("there are rules");
    const tooMuch = { ...first, operation: "all" };
    expect(planAccess(rules, [...others, tooMuch])).toEqual({ add: [first], remove: [tooMuch] });
  });

  it("takes a rule for one address for another one", () => {
    const [first, ...others] = rules;
    if (first === undefined) throw new Error("there are rules");
    const fromOne = { ...first, host: "10.0.0.1" };
    expect(planAccess(rules, [fromOne, ...others])).toEqual({ add: [first], remove: [fromOne] });
  });

  it("has nothing to do when all is as it should be", () => {
    expect(planAccess(rules, rules.toReversed())).toEqual({ add: [], remove: [] });
  });
});
