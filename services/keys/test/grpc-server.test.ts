import { once } from "node:events";
import { connect, type ClientHttp2Session } from "node:http2";
import { connect as connectTcp } from "node:net";
import { connect as connectTls, type TLSSocket } from "node:tls";
import { afterEach, describe, expect, it } from "@jest/globals";
import type { MessageInitShape } from "@bufbuild/protobuf";
import { Code, createClient } from "@connectrpc/connect";
import { compressionGzip, createGrpcTransport } from "@connectrpc/connect-node";
import { AuthorityService, type GetPolicyResponseSchema } from "@cloister/contracts/keys/authority";
import { createTlsIdentity, keysTransport, type KeysTransport } from "@cloister/keyring";
import { eventually } from "@cloister/testing";
import { GrpcServer, type GrpcServerOptions } from "../src/doors/grpc-server.ts";

describe("the gRPC port", () => {
  const clients: ClientHttp2Session[] = [];
  let server: GrpcServer;
  afterEach(async () => {
    for (const client of clients.splice(0)) client.destroy();
    await server.onModuleDestroy();
  });

  async function listening(
    limits: Partial<GrpcServerOptions> = {},
    answer: MessageInitShape<typeof GetPolicyResponseSchema> = {},
  ): Promise<void> {
    const getPolicy = () => answer;
    const routes: GrpcServerOptions["routes"] = (router) => router.service(AuthorityService, { getPolicy });
    server = new GrpcServer({ host: "127.0.0.1", port: 0, routes, ...limits });
    await server.onApplicationBootstrap();
  }
  function connected(): ClientHttp2Session {
    const client = connect(server.url);
    client.on("error", () => undefined);
    clients.push(client);
    return client;
  }
  const call = async (): Promise<"answered" | "refused"> => {
    const transport = keysTransport({ url: server.url, credential: "c", timeoutMs: 5_000 });
    return createClient(AuthorityService, transport)
      .getPolicy({})
      .then(
        () => "answered",
        () => "refused",
      );
  };

  it("takes no more connections of one address than it says, and one again when one has ended", async () => {
    await listening({ maxConnectionsOfPeer: 2 });
    const [first] = [connected(), connected()];
    await Promise.all(clients.map((client) => once(client, "remoteSettings")));
    const third = connected();
    await once(third, "close");
    expect(await call()).toBe("refused");
    first.close();
    await once(first, "close");
    expect(await call()).toBe("answered");
  });

  it("compresses nothing, whoever asks for it, and takes nothing compressed", async () => {
    const policy = new Uint8Array(100_000);
    await listening({}, { chain: { policy } });
    const asking: KeysTransport = createGrpcTransport({ baseUrl: server.url, acceptCompression: [compressionGzip] });
    const encodings: (string | null)[] = [];
    const onHeader = (header: Headers): void => void encodings.push(header.get("grpc-encoding"));
    for (const transport of [asking, keysTransport({ url: server.url, credential: "c" })]) {
      const answer = await createClient(AuthorityService, transport).getPolicy({}, { onHeader });
      expect(answer.chain?.policy).toEqual(policy);
    }
    expect(encodings).toEqual([null, null]);
    const sending = createGrpcTransport({
      baseUrl: server.url,
      sendCompression: compressionGzip,
      compressMinBytes: 0,
      acceptCompression: [compressionGzip],
    });
    const tenantId = new Uint8Array(16);
    await expect(createClient(AuthorityService, sending).getPolicy({ tenantId })).rejects.toMatchObject({
      code: Code.Unimplemented,
    });
  });

  describe("over TLS", () => {
    const sockets: TLSSocket[] = [];
    afterEach(() => {
      for (const socket of sockets.splice(0)) socket.destroy();
    });
    function greeted(session?: Buffer): TLSSocket {
      const { hostname: host, port } = new URL(server.url);
      const { key, certificate: cert } = createTlsIdentity();
      const own = { host, port: Number(port), key, cert, ALPNProtocols: ["h2"], rejectUnauthorized: false };
      const socket = connectTls({ ...own, ...(session && { session }) });
      socket.on("error", () => undefined);
      sockets.push(socket);
      return socket;
    }

    /** The protocol that was agreed on, or that there was none. */
    const outcomeOf = (socket: TLSSocket): Promise<string | null> =>
      new Promise((resolve) => {
        socket.once("secureConnect", () => resolve(socket.getProtocol()));
        socket.once("close", () => resolve("closed"));
      });

    it("counts the connections of an address from before the handshake", async () => {
      await listening({ tls: createTlsIdentity(), maxConnectionsOfPeer: 1 });
      const { hostname: host, port } = new URL(server.url);
      const silent = connectTcp({ host, port: Number(port) });
      await once(silent, "connect");
      const refused = await outcomeOf(greeted());
      silent.destroy();
      const taken = await eventually(async () => {
        const outcome = await outcomeOf(greeted());
        expect(outcome).not.toBe("closed");
        return outcome;
      });
      expect([refused, taken]).toEqual(["closed", "TLSv1.3"]);
    });

    it("has each connection prove its key: none is resumed", async () => {
      await listening({ tls: createTlsIdentity() });
      const first = greeted();
      // What the server says after its handshake, a ticket would be part of.
      await once(first, "data");
      const second = greeted(first.getSession());
      await once(second, "secureConnect");
      expect(second.isSessionReused()).toBe(false);
    });
  });

  it("ends a connection that nobody uses", async () => {
    await listening({ idleMs: 20 });
    const client = connected();
    await once(client, "close");
    expect(client.destroyed).toBe(true);
  });

  it.each(["/", "/metrics", "/healthz/live", "/cloister.keys.v1.AuthorityService/GetPolicy"])(
    "answers nothing to GET %s",
    async (path) => {
      await listening();
      const stream = connected().request({ ":method": "GET", ":path": path });
      let status = 0;
      stream.on("response", (headers) => (status = headers[":status"] ?? 0));
      let body = "";
      for await (const chunk of stream.setEncoding("utf8")) body += String(chunk);
      expect([status >= 400 && status < 500, body]).toEqual([true, ""]);
    },
  );
});
