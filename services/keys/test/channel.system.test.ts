import { randomBytes } from "node:crypto";
import { once } from "node:events";
import { connect } from "node:http2";
import { connect as connectTls } from "node:tls";
import { afterAll, afterEach, beforeAll, describe, expect, it, jest } from "@jest/globals";
import { createClient } from "@connectrpc/connect";
import { ReleaseService } from "@cloister/contracts/keys/release";
import { createTlsIdentity, keysTransport, type KeyRequest, type KeysTransport } from "@cloister/keyring";
import { sessionChannelSigningBytes, watchRevocationsSigningBytes } from "@cloister/policy";
import { capturedLog } from "@cloister/testing";
import { GrpcServer } from "../src/doors/grpc-server.ts";
import { AttestedSession, bucketOf, identityOf } from "./attested-session.ts";
import { KnowingProxy, PassingProxy, Relay } from "./between.ts";
import { credentials, given, refusal, World } from "./world.ts";

// A database is started and migrated first, on machines that may be busy.
jest.setTimeout(60_000);

const { log, lines } = capturedLog("keys");
const tls = createTlsIdentity();
let world: World;
beforeAll(async () => {
  world = await World.start({
    log,
    config: { grpc: { host: "127.0.0.1", port: 0, tls }, http: { host: "127.0.0.1", port: 0 } },
  });
});
afterAll(() => world.close());

const releaseOver = (transport: KeysTransport) => createClient(ReleaseService, transport);
/** Another process with all that the operator has: address and credential. */
const elsewhere = () => keysTransport({ url: world.keys.connectUrl, credential: credentials.release });

async function request(): Promise<KeyRequest> {
  const { name, tenant } = await world.open(await world.newTenant());
  return { ...name, purpose: "map", bucketEndMs: bucketOf(world, tenant, "map") };
}

describe("an instance and keys over TLS", () => {
  it("agree on a session, and use one connection for all calls, whoever passes its bytes on", async () => {
    const relay = await Relay.start(world);
    const { release: credential } = credentials;
    const keyring = world.keyring("redaction", { transport: keysTransport({ url: relay.url, credential }) });
    for (const one of [await request(), await request()]) {
      const leased = await keyring.lease([one]);
      expect(given(() => leased.sealingKey(one))).toBe("given");
    }
    keyring.close();
    await relay.close();
    expect(relay.connections).toBe(1);
  });

  it("speak TLS 1.3 alone", async () => {
    const { hostname: host, port } = new URL(world.keys.connectUrl);
    const { key, certificate: cert } = createTlsIdentity();
    const own = { host, port: Number(port), key, cert, ALPNProtocols: ["h2"], rejectUnauthorized: false };
    const socket = connectTls({ ...own, maxVersion: "TLSv1.2" });
    const [error] = (await once(socket, "error")) as [NodeJS.ErrnoException];
    expect(error.code).toBe("ERR_SSL_TLSV1_ALERT_PROTOCOL_VERSION");
  });

  it("begin anew when keys was started again, with another TLS key", async () => {
    const one = await request();
    const keyring = world.keyring("redaction", { transport: following(() => elsewhere()) });
    expect(await refusal(keyring.lease([one]))).toBe("answered");
    await world.restart();
    world.clock.advance(60_000);
    const leased = await keyring.lease([one]);
    expect(given(() => leased.sealingKey(one))).toBe("given");
  });
});

describe("keys", () => {
  it("closes the connection of a caller that shows no certificate", async () => {
    const client = connect(world.keys.connectUrl, { rejectUnauthorized: false });
    client.on("error", () => undefined);
    await once(client, "close");
    expect(client.destroyed).toBe(true);
  });

  it("takes no credential that was sent as it is, since whoever stands between could send it, too", async () => {
    const identity = createTlsIdentity();
    const client = connect(world.keys.connectUrl, {
      key: identity.key,
      cert: identity.certificate,
      rejectUnauthorized: false,
    });
    const stream = client.request({
      ":method": "POST",
      ":path": "/cloister.keys.v1.ReleaseService/BeginSession",
      "content-type": "application/grpc+proto",
      authorization: `Bearer ${credentials.release}`,
    });
    stream.end(Buffer.alloc(5));
    const [trailers] = (await once(stream.resume(), "trailers")) as [Record<string, string>];
    client.destroy();
    expect(trailers["cloister-error-code"]).toBe("UNAUTHENTICATED");
  });

  it("is opened in the clear on this machine alone", () => {
    expect(() => new GrpcServer({ host: "0.0.0.0", port: 0, routes: () => undefined })).toThrow("in the clear");
  });
});

describe("a proxy that ends TLS with certificates of its own", () => {
  const open: { close(): unknown }[] = [];
  afterEach(async () => {
    for (const one of open.splice(0)) await one.close();
  });

  it("is refused by keys: the credential that it passes on counts on another connection", async () => {
    const proxy = await PassingProxy.start(world);
    open.push(proxy);
    const { release: credential } = credentials;
    const keyring = world.keyring("redaction", { transport: keysTransport({ url: proxy.url, credential }) });
    expect(await refusal(keyring.lease([await request()]))).toBe("UNAUTHENTICATED");
  });

  it("is refused by the instance, though it knows the credential: keys has signed that it sees another key", async () => {
    const proxy = await KnowingProxy.start(world);
    open.push(proxy);
    const keyring = world.keyring("redaction", { transport: proxy.transport });
    expect(await refusal(keyring.lease([await request()]))).toBe("KEYS_NOT_TRUSTED");
    expect(proxy.seen.attested).toBeUndefined();
  });

  it("is refused by keys, too, if an instance doesn't look: the instance has signed that it sees another key", async () => {
    const proxy = await KnowingProxy.start(world);
    open.push(proxy);
    const { transport } = proxy;
    const instance = identityOf(world, "redaction");
    const { sessionId, nonce } = await releaseOver(transport).beginSession({ nonce: randomBytes(32) });
    const channel = await transport.channel?.();
    if (channel === undefined) throw new Error("there is no TLS");
    const channelSignature = instance.signer.sign(
      sessionChannelSigningBytes("instance", { sessionId, nonce, ...channel }),
    );
    const evidence = await instance.prove(nonce);
    const attested = releaseOver(transport).attestSession({ sessionId, evidence, channelSignature });
    expect(await refusal(attested)).toBe("CHANNEL_MISMATCH");
  });

  it("can't answer in the place of keys without the door's credential", async () => {
    const server = new GrpcServer({
      host: "127.0.0.1",
      port: 0,
      tls: createTlsIdentity(),
      routes: (router) => router.service(ReleaseService, { beginSession: () => ({ sessionId: randomBytes(16) }) }),
    });
    await server.onApplicationBootstrap();
    open.push({ close: () => server.onModuleDestroy() });
    const { release: credential } = credentials;
    const keyring = world.keyring("redaction", { transport: keysTransport({ url: server.url, credential }) });
    expect(await refusal(keyring.lease([await request()]))).toBe("KEYS_NOT_TRUSTED");
  });
});

describe("a stolen session", () => {
  it("is worth nothing in another process, with its id, its signed request and the credential", async () => {
    const session = await AttestedSession.begin(world, "redaction");
    const wanted = [await request()];
    const stolen = session.request(wanted);
    expect(await refusal(releaseOver(elsewhere()).releaseKeys(stolen))).toBe("CHANNEL_MISMATCH");
    expect(await session.codes(wanted)).toEqual(["given"]);
  });

  it("is audited and counted", async () => {
    const session = await AttestedSession.begin(world, "redaction");
    await refusal(releaseOver(elsewhere()).releaseKeys(session.request([])));
    const audited = lines.filter((line) => line.includes('"audit"') && line.includes("CHANNEL_MISMATCH"));
    const metrics = await (await fetch(`${world.keys.address ?? ""}/metrics`)).text();
    expect([audited.length > 0, metrics]).toEqual([
      true,
      expect.stringMatching(/cloister_keys_refusals_total\{at="ReleaseKeys",code="CHANNEL_MISMATCH"\} [1-9]/u),
    ]);
  });

  it("tells nobody else what is revoked, and takes nobody else's word", async () => {
    const instance = identityOf(world, "redaction");
    const { sessionId } = await AttestedSession.begin(world, "redaction", instance);
    const watch = { sessionId, sequence: 1n };
    const signature = instance.signer.sign(watchRevocationsSigningBytes(watch));
    const answers = releaseOver(elsewhere()).watchRevocations({ ...watch, signature });
    const acknowledged = releaseOver(elsewhere()).acknowledgeEviction({
      sessionId,
      revocationId: randomBytes(16),
      signature,
    });
    expect([await refusal(answers[Symbol.asyncIterator]().next()), await refusal(acknowledged)]).toEqual([
      "CHANNEL_MISMATCH",
      "CHANNEL_MISMATCH",
    ]);
  });
});

describe("a handshake", () => {
  async function handshake(signed: { by?: "another key"; side?: "keys" } = {}) {
    const instance = identityOf(world, "redaction");
    const transport = elsewhere();
    const { sessionId, nonce } = await releaseOver(transport).beginSession({ nonce: randomBytes(32) });
    const channel = await transport.channel?.();
    if (channel === undefined) throw new Error("there is no TLS");
    const signer = signed.by === undefined ? instance.signer : identityOf(world, "redaction").signer;
    const seen = sessionChannelSigningBytes(signed.side ?? "instance", { sessionId, nonce, ...channel });
    return {
      transport,
      answer: { sessionId, evidence: await instance.prove(nonce), channelSignature: signer.sign(seen) },
    };
  }

  it("that was recorded is refused when it is played again, here and elsewhere", async () => {
    const { transport, answer } = await handshake();
    const codes = [
      await refusal(releaseOver(elsewhere()).attestSession(answer)),
      await refusal(releaseOver(transport).attestSession(answer)),
      await refusal(releaseOver(transport).attestSession(answer)),
      await refusal(releaseOver(elsewhere()).attestSession(answer)),
    ];
    expect(codes).toEqual(["CHANNEL_MISMATCH", "answered", "SESSION_UNKNOWN", "SESSION_UNKNOWN"]);
  });

  it.each([{ by: "another key" } as const, { side: "keys" } as const])(
    "counts with the instance's own signature of what it sees alone: %p",
    async (signed) => {
      const { transport, answer } = await handshake(signed);
      expect(await refusal(releaseOver(transport).attestSession(answer))).toBe("CHANNEL_MISMATCH");
    },
  );

  it("needs that signature over TLS", async () => {
    const { transport, answer } = await handshake();
    const unsigned = { sessionId: answer.sessionId, evidence: answer.evidence };
    expect(await refusal(releaseOver(transport).attestSession(unsigned))).toBe("CHANNEL_MISMATCH");
  });
});

it("an instance outside development takes no key over a connection in the clear", async () => {
  const { unary, stream } = world.transport("release");
  const keyring = world.keyring("redaction", { transport: { unary, stream }, allowDevelopment: false });
  expect(await refusal(keyring.lease([await request()]))).toBe("KEYS_NOT_TRUSTED");
});

/** A transport to wherever it has to go at its next call. */
function following(next: () => KeysTransport): KeysTransport {
  let url = "";
  let current: KeysTransport | undefined;
  const now = (): KeysTransport => {
    if (current === undefined || url !== world.keys.connectUrl) current = next();
    url = world.keys.connectUrl;
    return current;
  };
  return {
    unary: (...call) => now().unary(...call),
    stream: (...call) => now().stream(...call),
    channel: () => now().channel?.() ?? Promise.reject(new Error("there is no TLS")),
  };
}
