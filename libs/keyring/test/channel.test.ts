import { createHash, X509Certificate } from "node:crypto";
import { once } from "node:events";
import { createSecureServer, type Http2SecureServer, type ServerHttp2Session } from "node:http2";
import { createServer, type Server, type Socket } from "node:net";
import { afterEach, beforeEach, describe, expect, it, jest } from "@jest/globals";
import { Code, ConnectError, createClient } from "@connectrpc/connect";
import { Http2SessionManager } from "@connectrpc/connect-node";
import { AuthorityService } from "@cloister/contracts/keys/authority";
import {
  ChannelCredential,
  createTlsIdentity,
  isLoopbackUrl,
  isSameChannel,
  keysTransport,
  tlsKeyHash,
  type Channel,
} from "@cloister/keyring";
import { TlsConnection } from "../src/channel/tls-connection.ts";

const key = (byte: number): Uint8Array => new Uint8Array(32).fill(byte);
const channel: Channel = { server: key(1), client: key(2) };

describe("a process's side of TLS", () => {
  const identity = createTlsIdentity();
  const certificate = new X509Certificate(identity.certificate);

  it("is a certificate that it signed itself, without an end", () => {
    expect([certificate.verify(certificate.publicKey), certificate.validTo, certificate.subject]).toEqual([
      true,
      "Dec 31 23:59:59 9999 GMT",
      "CN=cloister",
    ]);
  });

  it("is known by the SHA-256 of its public key's DER", () => {
    const der = certificate.publicKey.export({ type: "spki", format: "der" });
    const hash = new Uint8Array(createHash("sha256").update(der).digest());
    expect([identity.keyHash, tlsKeyHash(certificate)]).toEqual([hash, hash]);
  });

  it("is another one at each start", () => {
    expect(createTlsIdentity().keyHash).not.toEqual(identity.keyHash);
  });
});

describe("a door's credential on a connection", () => {
  const credential = new ChannelCredential("t".repeat(32));
  const shown = credential.authorization(channel);

  it("is taken there", () => {
    expect([credential.isAuthorized(shown, channel), credential.isProof(credential.proof(channel), channel)]).toEqual([
      true,
      true,
    ]);
  });

  it.each<[string, Channel]>([
    ["another server's key", { ...channel, server: key(3) }],
    ["another client's key", { ...channel, client: key(3) }],
    ["the keys changed over", { server: channel.client, client: channel.server }],
  ])("is worth nothing with %s", (_which, other) => {
    expect([credential.isAuthorized(shown, other), credential.isProof(credential.proof(channel), other)]).toEqual([
      false,
      false,
    ]);
  });

  it("is not what another credential shows, and neither side's proof is the other's", () => {
    const another = new ChannelCredential("u".repeat(32)).authorization(channel);
    const proofAsCaller = `Channel ${credential.proof(channel)}`;
    const codes = [another, proofAsCaller, "", "Channel ", `Bearer ${"t".repeat(32)}`, shown.slice(0, -2)].map(
      (header) => credential.isAuthorized(header, channel),
    );
    expect(codes).toEqual(codes.map(() => false));
  });

  it("does not show the token", () => {
    expect(shown).not.toContain("t".repeat(8));
  });
});

it("a channel is the same when both its keys are", () => {
  const others = [
    { ...channel, server: key(9) },
    { ...channel, client: key(9) },
    { ...channel, client: new Uint8Array() },
  ];
  expect([isSameChannel(channel, { ...channel }), ...others.map((other) => isSameChannel(channel, other))]).toEqual([
    true,
    false,
    false,
    false,
  ]);
});

describe("a call over TLS", () => {
  let server: Server;
  const sockets = new Set<Socket>();
  afterEach(() => {
    for (const socket of sockets) socket.destroy();
    server.close();
  });

  async function called(onConnection: (socket: Socket) => void, timeoutMs = 5_000): Promise<string> {
    server = createServer((socket) => {
      sockets.add(socket);
      socket.on("error", () => undefined);
      onConnection(socket);
    });
    server.listen(0, "127.0.0.1");
    await once(server, "listening");
    const address = server.address();
    if (address === null || typeof address === "string") throw new Error("the server does not listen");
    const url = `https://127.0.0.1:${String(address.port)}`;
    const client = createClient(AuthorityService, keysTransport({ url, credential: "c", timeoutMs }));
    return client.getPolicy({}).then(
      () => "answered",
      (error: unknown) => Code[ConnectError.from(error).code],
    );
  }

  it("ends in its time where somebody listens and says nothing", async () => {
    expect(await called(() => undefined, 200)).toBe("DeadlineExceeded");
  });

  it.each<[string, (socket: Socket) => void]>([
    ["hangs up", (socket) => socket.destroy()],
    ["speaks something else", (socket) => socket.end("HTTP/1.1 400 Bad Request\r\n\r\n")],
  ])("finds nobody where somebody %s", async (_what, onConnection) => {
    expect(await called(onConnection)).toBe("Unavailable");
  });
});

describe("a connection that is another one when a call is made than when its credential was", () => {
  const identity = createTlsIdentity();
  const sessions: ServerHttp2Session[] = [];
  let server: Http2SecureServer;
  let connection: TlsConnection;

  beforeEach(async () => {
    const { key: ownKey, certificate: cert } = identity;
    server = createSecureServer({
      key: ownKey,
      cert,
      minVersion: "TLSv1.3",
      requestCert: true,
      rejectUnauthorized: false,
    });
    server.on("sessionError", () => undefined);
    server.on("session", (session) => sessions.push(session));
    server.on("stream", (stream) => {
      stream.on("error", () => undefined);
      stream.respond({ ":status": 200 }, { endStream: true });
    });
    server.listen(0, "127.0.0.1");
    await once(server, "listening");
    const address = server.address();
    if (address === null || typeof address === "string") throw new Error("the server does not listen");
    const keepAlive = { pingIntervalMs: 60_000, pingTimeoutMs: 60_000 };
    const url = `https://127.0.0.1:${String(address.port)}`;
    connection = new TlsConnection(url, createTlsIdentity(), new ChannelCredential("t".repeat(32)), keepAlive);
  });
  afterEach(() => {
    jest.restoreAllMocks();
    for (const session of sessions.splice(0)) session.destroy();
    server.close();
  });

  const call = () => connection.request("POST", "/", {}, {});

  it("takes no call, and the next one with the credential as it counts there", async () => {
    const { server: before } = await connection.channel();
    jest.spyOn(Http2SessionManager.prototype, "request").mockImplementationOnce(function (
      this: Http2SessionManager,
      ...made
    ) {
      // The far end goes away in the one moment between.
      this.abort();
      return this.request(...made);
    });
    await expect(call()).rejects.toMatchObject({
      code: Code.Unavailable,
      rawMessage: "the connection changed while a call was made",
    });
    const stream = await call();
    const [headers] = (await once(stream.resume(), "response")) as [Record<string, unknown>];
    const { server: after } = await connection.channel();
    expect([headers[":status"], after === before]).toEqual([200, false]);
  });
});

describe("keys in the clear", () => {
  it.each(["http://127.0.0.1:8090", "http://127.8.9.10", "http://localhost:1", "http://[::1]:8090"])(
    "is reached at %s, on this machine",
    (url) => {
      expect([isLoopbackUrl(url), typeof keysTransport({ url, credential: "c" }).unary]).toEqual([true, "function"]);
    },
  );

  it.each(["http://keys:8090", "http://127.0.0.1.example.com", "http://10.0.0.1", "http://localhost.example.com:1"])(
    "is not reached at %s",
    (url) => {
      expect(() => keysTransport({ url, credential: "c" })).toThrow(
        expect.objectContaining({ code: "CONFIG_INVALID" }),
      );
    },
  );
});
