import { randomBytes } from "node:crypto";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { rootCertificates } from "node:tls";
import { beforeAll, describe, expect, it, jest } from "@jest/globals";
import { describeOnOpenBao, FakeClock } from "@cloister/testing";
import type { RunningOpenBao } from "@cloister/testing/engines";
import { VaultTransit } from "../src/adapters/vault/vault-transit.ts";
import type { VaultLogin } from "../src/adapters/vault/vault-session.ts";
import { codeOfAsync } from "./codes.ts";
import { keyWrapperContract } from "./key-wrapper-contract.ts";
import { leastPolicy, textIn, TransitEngine } from "./transit-engine.ts";

// An engine and the machine may be busy.
jest.setTimeout(60_000);

const context = Buffer.from("context");
const key = randomBytes(32);

const byToken = (token: string): VaultLogin => ({ method: "token", token: () => Promise.resolve(token) });

describeOnOpenBao("KEKs in OpenBao's Transit", (bao) => {
  let transit: TransitEngine;
  beforeAll(async () => {
    transit = await TransitEngine.mount(bao());
  });

  const clock = new FakeClock();
  const vault = (login: VaultLogin) => new VaultTransit({ address: bao().url, login, clock });

  describe("a token that may use and delete keys, and make none", () => {
    let wrapper: VaultTransit;
    beforeAll(async () => {
      const policy = `${leastPolicy("*")} path "transit/keys/*" { capabilities = ["read", "delete"] }`;
      wrapper = vault(byToken(await transit.token(policy)));
    });
    keyWrapperContract(() => ({ wrapper, newKek: () => transit.newKek(), absentKek: () => transit.absentKek() }), {
      destroys: "at-once",
      isExportable: false,
    });
  });

  describe("a key", () => {
    it("that was deleted is not made again by wrapping, even where the token may", async () => {
      const root = vault(byToken(bao().rootToken));
      const kek = await transit.newKek();
      await root.destroy(kek);
      expect(await codeOfAsync(root.wrap(kek, key, context))).toBe("KMS_KEY_UNKNOWN");
      expect(await transit.names()).not.toContain(kek.keyRef.split("/").at(-1));
    });

    it("that took the name of a deleted one during the call wraps nothing", async () => {
      const kek = await transit.newKek();
      const between = onceAfterFirstRead(bao(), async () => {
        await bao().admin("DELETE", kek.keyRef);
        // Vault notes the second at which a key was made.
        await new Promise((resolve) => setTimeout(resolve, 1_100));
      });
      const wrapper = new VaultTransit({ address: await between.url, login: byToken(bao().rootToken), clock });
      expect(await codeOfAsync(wrapper.wrap(kek, key, context))).toBe("KMS_KEY_UNKNOWN");
      expect(await codeOfAsync(vault(byToken(bao().rootToken)).describe(kek))).toBe("done");
      between.close();
    });

    it("opens after a rotation what was wrapped before, until its version is shut off", async () => {
      const [kek, wrapper] = [await transit.newKek(), vault(byToken(bao().rootToken))];
      const wrapped = await wrapper.wrap(kek, key, context);
      await bao().admin("POST", `${kek.keyRef}/rotate`);
      expect(Buffer.from(await wrapper.unwrap(kek, wrapped, context))).toEqual(key);
      await bao().admin("POST", `${kek.keyRef}/config`, { min_decryption_version: 2 });
      expect(await codeOfAsync(wrapper.unwrap(kek, wrapped, context))).toBe("KMS_KEY_DISABLED");
    });

    it("that Vault is set to keep is described so, and not destroyed", async () => {
      const [kek, wrapper] = [await transit.newKek({}, {}), vault(byToken(bao().rootToken))];
      expect(await wrapper.describe(kek)).toMatchObject({ destroys: "never" });
      expect(await codeOfAsync(wrapper.destroy(kek))).toBe("KMS_DESTRUCTION_REFUSED");
    });

    it("that can be exported is described so", async () => {
      const kek = await transit.newKek({ exportable: true });
      expect(await vault(byToken(bao().rootToken)).describe(kek)).toMatchObject({ isExportable: true });
    });

    it.each([{ type: "rsa-2048" }, { derived: true }, { type: "aes128-gcm96" }])(
      "made with %j is no KEK",
      async (made) => {
        const [kek, wrapper] = [await transit.newKek(made), vault(byToken(bao().rootToken))];
        expect(await codeOfAsync(wrapper.ensureKek(kek))).toBe("KMS_KEY_UNSUITABLE");
      },
    );

    it.each(["kek", "transit/kek", "transit/keys/../sys", "transit/keys/a/b", "transit/keys/", "/transit/keys/a"])(
      "is not named by %j",
      async (keyRef) => {
        const kek = { ...transit.absentKek(), keyRef };
        expect(await codeOfAsync(vault(byToken("none")).describe(kek))).toBe("KMS_KEY_REF_INVALID");
      },
    );
  });

  describe("the credential", () => {
    it("by the least policy wraps and unwraps, for its own key alone", async () => {
      const [kek, other] = [await transit.newKek(), await transit.newKek()];
      const wrapper = vault(byToken(await transit.token(leastPolicy(kek.keyRef.split("/").at(-1) ?? ""))));
      await wrapper.ensureKek(kek);
      const wrapped = await wrapper.wrap(kek, key, context);
      expect(Buffer.from(await wrapper.unwrap(kek, wrapped, context))).toEqual(key);
      expect(await codeOfAsync(wrapper.unwrap(other, wrapped, context))).toBe("KMS_PERMISSION_DENIED");
      expect(await codeOfAsync(wrapper.destroy(kek))).toBe("KMS_PERMISSION_DENIED");
    });

    it("is told apart from its policy when it was revoked", async () => {
      const kek = await transit.newKek();
      const token = await transit.token(leastPolicy("*"));
      const wrapper = vault(byToken(token));
      await wrapper.wrap(kek, key, context);
      await bao().admin("POST", "auth/token/revoke", { token });
      expect(await codeOfAsync(wrapper.wrap(kek, key, context))).toBe("KMS_CREDENTIAL_REFUSED");
    });

    it("may be replaced in its place: the next call uses the new token", async () => {
      const kek = await transit.newKek();
      const [first, second] = [await transit.token(leastPolicy("*")), await transit.token(leastPolicy("*"))];
      let token = first;
      const wrapper = vault({ method: "token", token: () => Promise.resolve(token) });
      await wrapper.wrap(kek, key, context);
      token = second;
      await bao().admin("POST", "auth/token/revoke", { token: first });
      expect(await codeOfAsync(wrapper.wrap(kek, key, context))).toBe("done");
    });

    it("of AppRole logs in, and again when its token has ended", async () => {
      const login = await appRole(bao(), await transit.policy(leastPolicy("*")));
      const [kek, wrapper] = [await transit.newKek(), vault(login)];
      await wrapper.wrap(kek, key, context);
      await bao().admin("POST", "sys/leases/revoke-prefix/auth/approle");
      expect(await codeOfAsync(wrapper.wrap(kek, key, context))).toBe("done");
      const wrong = vault({ ...login, secretId: () => Promise.resolve("wrong") });
      expect(await codeOfAsync(wrong.describe(kek))).toBe("KMS_CREDENTIAL_REFUSED");
    });

    it("of Kubernetes logs in by the service account's token", async () => {
      const { login, close } = await kubernetesAuth(bao(), await transit.policy(leastPolicy("*")));
      const kek = await transit.newKek();
      expect(await codeOfAsync(vault(login).wrap(kek, key, context))).toBe("done");
      const stranger = vault({ ...login, jwt: () => Promise.resolve(serviceAccountJwt("stranger")) });
      expect(await codeOfAsync(stranger.describe(kek))).toBe("KMS_CREDENTIAL_REFUSED");
      close();
    });

    it("can say what it may do: all of the least policy, and nothing that is too much", async () => {
      const kek = await transit.newKek();
      const least = vault(byToken(await transit.token(leastPolicy("*"))));
      const wrong = (permissions: readonly { isGiven: boolean; isWanted: boolean; name: string }[]) =>
        permissions.filter(({ isGiven, isWanted }) => isGiven !== isWanted).map(({ name }) => name);
      expect(wrong(await least.permissions(kek))).toEqual([]);
      const name = kek.keyRef.split("/").at(-1) ?? "";
      const excess = `path "transit/encrypt/${name}" { capabilities = ["create", "update"] }`;
      const other = vault(byToken(await transit.token(`${excess} path "transit/keys/*" { capabilities = ["read"] }`)));
      expect(wrong(await other.permissions(kek))).toEqual([
        `update on transit/decrypt/${name}`,
        `create on transit/encrypt/${name}`,
      ]);
    });
  });

  // The last one: nothing unseals it.
  it("are out of reach once it is sealed", async () => {
    const [kek, wrapper] = [await transit.newKek(), vault(byToken(bao().rootToken))];
    await bao().admin("POST", "sys/seal");
    expect(await codeOfAsync(wrapper.wrap(kek, key, context))).toBe("KMS_UNREACHABLE");
  });
});

/** OpenBao behind a proxy that does something after the first answer about a key. */
function onceAfterFirstRead(bao: RunningOpenBao, work: () => Promise<void>) {
  let isDone = false;
  const server = createServer((request, response) => {
    void (async () => {
      const chunks: Buffer[] = [];
      for await (const chunk of request) chunks.push(Buffer.from(chunk as Buffer));
      const answer = await fetch(`${bao.url}${request.url ?? ""}`, {
        method: request.method ?? "GET",
        headers: { "X-Vault-Token": bao.rootToken },
        ...(chunks.length > 0 && { body: Buffer.concat(chunks) }),
      });
      if (!isDone && request.url?.includes("/keys/")) {
        isDone = true;
        await work();
      }
      response.writeHead(answer.status).end(await answer.text());
    })();
  });
  const url = new Promise<string>((resolve) =>
    server.listen(0, "127.0.0.1", () => resolve(`http://127.0.0.1:${(server.address() as AddressInfo).port}`)),
  );
  return { url, close: () => server.close() };
}

async function appRole(bao: RunningOpenBao, policy: string): Promise<VaultLogin & { method: "approle" }> {
  await bao.admin("POST", "sys/auth/approle", { type: "approle" });
  await bao.admin("POST", "auth/approle/role/keys", { token_policies: [policy] });
  const roleId = textIn(await bao.admin("GET", "auth/approle/role/keys/role-id"), "data", "role_id");
  const secretId = textIn(await bao.admin("POST", "auth/approle/role/keys/secret-id", {}), "data", "secret_id");
  return { method: "approle", mount: "approle", roleId, secretId: () => Promise.resolve(secretId) };
}

/** A token as the kubelet gives one; who it is of is for the cluster to say. */
function serviceAccountJwt(name: string): string {
  const part = (value: object) => Buffer.from(JSON.stringify(value)).toString("base64url");
  const expiresAt = Math.floor(Date.now() / 1_000) + 3_600;
  const claims = {
    sub: `system:serviceaccount:cloister:${name}`,
    exp: expiresAt,
    iat: expiresAt - 3_600,
    "kubernetes.io": { namespace: "cloister", serviceaccount: { name, uid: "1" } },
  };
  return `${part({ alg: "RS256", typ: "JWT" })}.${part(claims)}.${randomBytes(32).toString("base64url")}`;
}

/** Kubernetes' answer to whose token that is, which Vault asks for. */
async function kubernetesAuth(bao: RunningOpenBao, policy: string) {
  const server = createServer((request, response) => {
    let body = "";
    request.on("data", (chunk) => (body += String(chunk)));
    request.on("end", () => {
      const { spec } = JSON.parse(body) as { spec: { token: string } };
      const claims = JSON.parse(Buffer.from(spec.token.split(".")[1] ?? "", "base64url").toString()) as { sub: string };
      response.writeHead(201, { "Content-Type": "application/json" }).end(
        JSON.stringify({
          apiVersion: "authentication.k8s.io/v1",
          kind: "TokenReview",
          status: { authenticated: true, user: { username: claims.sub, uid: "1" } },
        }),
      );
    });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const host = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  await bao.admin("POST", "sys/auth/kubernetes", { type: "kubernetes" });
  const config = {
    kubernetes_host: host,
    token_reviewer_jwt: serviceAccountJwt("vault"),
    disable_local_ca_jwt: true,
    kubernetes_ca_cert: rootCertificates[0],
  };
  await bao.admin("POST", "auth/kubernetes/config", config);
  const role = {
    bound_service_account_names: ["keys"],
    bound_service_account_namespaces: ["cloister"],
    token_policies: [policy],
  };
  await bao.admin("POST", "auth/kubernetes/role/keys", role);
  const jwt = () => Promise.resolve(serviceAccountJwt("keys"));
  const login = { method: "kubernetes", mount: "kubernetes", role: "keys", jwt } as const;
  return { login, close: () => server.close() };
}
