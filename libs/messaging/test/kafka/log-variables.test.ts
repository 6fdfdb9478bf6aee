import { afterAll, beforeAll, describe, expect, it } from "@jest/globals";
import { chmod, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { kafkaConnection, kafkaVariables } from "@cloister/messaging";
import { defineConfig } from "@cloister/service";

const config = defineConfig(kafkaVariables);

const certificate = "-----BEGIN CERTIFICATE-----\nMA==\n-----END CERTIFICATE-----\n";

describe("the connection to Kafka", () => {
  let folder: string;
  const file = (name: string): string => join(folder, name);
  const connection = (environment: Record<string, string>) => kafkaConnection(config.parse(environment), "redaction");

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), "cloister-connection-"));
    await writeFile(file("password"), "of the service\n", { mode: 0o600 });
    await writeFile(file("open"), "of the service\n", { mode: 0o600 });
    await chmod(file("open"), 0o644);
    await writeFile(file("ca.pem"), certificate);
    await writeFile(file("empty.pem"), "");
  });
  afterAll(() => rm(folder, { recursive: true, force: true }));

  it("takes brokers, authority, user and time limits from the environment", async () => {
    const found = await connection({
      CLOISTER_KAFKA_BROKERS: "one:9092, two:9092",
      CLOISTER_KAFKA_CA_FILE: file("ca.pem"),
      CLOISTER_KAFKA_USERNAME: "redaction",
      CLOISTER_KAFKA_PASSWORD_FILE: file("password"),
      CLOISTER_KAFKA_SESSION_TIMEOUT_MS: "6000",
    });
    expect(found).toMatchObject({
      brokers: ["one:9092", "two:9092"],
      clientId: "redaction",
      tls: { authorities: certificate },
      scram: { username: "redaction" },
      sessionTimeoutMs: 6_000,
      requestTimeoutMs: 10_000,
    });
    expect(found.scram?.password.reveal()).toBe("of the service");
    expect(JSON.stringify(found)).not.toContain("of the service");
  });

  it("trusts the authorities that Node knows when TLS is on without a file", async () => {
    const found = await connection({ CLOISTER_KAFKA_BROKERS: "one:9092", CLOISTER_KAFKA_TLS: "on" });
    expect(found.tls).toEqual({});
  });

  it.each([
    ["no brokers", {}, "CONFIG_INVALID"],
    [
      "a user without TLS",
      { CLOISTER_KAFKA_USERNAME: "u", CLOISTER_KAFKA_PASSWORD_FILE: "password" },
      "CONFIG_INVALID",
    ],
    ["a user without a password", { CLOISTER_KAFKA_TLS: "on", CLOISTER_KAFKA_USERNAME: "u" }, "CONFIG_INVALID"],
    [
      "an authority that is none, in whose stead Node would trust all it knows",
      { CLOISTER_KAFKA_CA_FILE: "empty.pem" },
      "CONFIG_INVALID",
    ],
    ["an authority that isn't there", { CLOISTER_KAFKA_CA_FILE: "missing.pem" }, "CONFIG_INVALID"],
    [
      "a password that others can read",
      { CLOISTER_KAFKA_TLS: "on", CLOISTER_KAFKA_USERNAME: "u", CLOISTER_KAFKA_PASSWORD_FILE: "open" },
      "SECRET_FILE_OPEN",
    ],
  ])("refuses %s", async (_, variables, code) => {
    const environment: Record<string, string> = {};
    for (const [name, value] of Object.entries(variables)) {
      environment[name] = name.endsWith("_FILE") ? file(value) : value;
    }
    if (Object.keys(variables).length > 0) environment["CLOISTER_KAFKA_BROKERS"] = "one:9092";
    await expect(connection(environment)).rejects.toMatchObject({ code });
  });

  it("refuses brokers that are no addresses", () => {
    expect(() => config.parse({ CLOISTER_KAFKA_BROKERS: "one:9092,two" })).toThrow(/host:port/);
  });
});
