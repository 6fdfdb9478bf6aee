import { once } from "node:events";
import { connect as connectTls, createServer, type Server } from "node:tls";
import { afterAll, beforeAll, describe, expect, it, jest } from "@jest/globals";
import { createTlsIdentity, Keyring, keysTransport, type KeyRequest, type KeysTransport } from "@cloister/keyring";
import { capturedLog } from "@cloister/testing";
import { credentials, KeysWorld } from "../e2e/keys-world.ts";
import { auditEvents } from "./operator.ts";

// A database is started and migrated first, on machines that may be busy.
jest.setTimeout(60_000);

const { log, lines } = capturedLog("keys");
let world: KeysWorld;
let wanted: KeyRequest;
beforeAll(async () => {
  world = await KeysWorld.start(log, createTlsIdentity());
  const tenant = await world.newTenant();
  const { id, statement } = await world.open(tenant);
  const { tenantId } = tenant;
  wanted = { tenantId, conversationId: id, purpose: "inbound", bucketEndMs: statement.expiresAtMs };
});
afterAll(() => world.close());

/** A genuine instance of redaction that reaches `keys` by what the operator gives it. */
const instance = (transport: KeysTransport): Keyring => {
  const { clock, instances } = world;
  return new Keyring({ role: "redaction", transport, ...instances.machines.redaction, allowDevelopment: true, clock });
};

async function leasedOver(transport: KeysTransport): Promise<string> {
  const keyring = instance(transport);
  try {
    (await keyring.lease([wanted])).openingKey(wanted);
    return "given";
  } catch (error) {
    return error instanceof Error && "code" in error ? String(error.code) : "something else";
  } finally {
    keyring.close();
  }
}

describe("on the wire between an instance and keys, with every credential, the operator", () => {
  it("can't read along behind certificates of its own", async () => {
    const read: Buffer[] = [];
    const proxy = await readingProxy(world.url, read);
    const { port } = addressOf(proxy);
    const url = `https://127.0.0.1:${String(port)}`;
    const code = await leasedOver(keysTransport({ url, credential: credentials.release }));
    proxy.close();
    const seen = Buffer.concat(read).toString("latin1");
    expect([code, read.length > 0, seen.includes(credentials.release)]).toEqual(["UNAUTHENTICATED", true, false]);
    expect(auditEvents(lines)).toContain("BeginSession UNAUTHENTICATED");
  });

  it("can't use an instance's session in a process of its own, nor play its handshake again", async () => {
    const genuine = world.transport("release");
    const elsewhere = keysTransport({ url: world.url, credential: credentials.release });
    const answers: string[] = [];
    const stolen = new Set(["AttestSession", "ReleaseKeys"]);
    const watched: KeysTransport = {
      ...genuine,
      unary: async (method, signal, timeoutMs, header, input, values) => {
        if (stolen.has(method.name)) {
          // The very request is sent elsewhere before it gets where it should.
          const call = elsewhere.unary(method, undefined, 5_000, undefined, input);
          answers.push(await call.then(() => "answered", String));
        }
        return genuine.unary(method, signal, timeoutMs, header, input, values);
      },
    };
    expect(await leasedOver(watched)).toBe("given");
    expect(answers).toEqual([1, 2].map(() => expect.stringContaining("CHANNEL_MISMATCH")));
    expect(auditEvents(lines)).toEqual(
      expect.arrayContaining(["AttestSession CHANNEL_MISMATCH", "ReleaseKeys CHANNEL_MISMATCH"]),
    );
  });
});

/** Ends TLS of both sides and reads what the instance sends. */
async function readingProxy(target: string, read: Buffer[]): Promise<Server> {
  const { key, certificate: cert } = createTlsIdentity();
  const { hostname: host, port } = new URL(target);
  const ours = { key, cert, ALPNProtocols: ["h2"], rejectUnauthorized: false };
  const server = createServer({ ...ours, requestCert: true }, (near) => {
    const far = connectTls({ ...ours, host, port: Number(port) });
    near.on("data", (bytes: Buffer) => read.push(bytes));
    near.pipe(far).pipe(near);
    near.on("error", () => far.destroy());
    far.on("error", () => near.destroy());
    near.once("close", () => far.destroy());
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return server;
}

function addressOf(server: Server): { readonly port: number } {
  const address = server.address();
  if (address === null || typeof address === "string") throw new Error("the proxy does not listen");
  return address;
}
