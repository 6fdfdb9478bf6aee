import { afterAll, beforeAll, expect, it, jest } from "@jest/globals";
import type { KeyRequest } from "@cloister/keyring";
import { openDatabase } from "@cloister/storage";
import { describeOnPostgres, describeOnPostgresServer } from "@cloister/testing";
import { missingPostgres, startPostgres, type RunningPostgres } from "@cloister/testing/engines";
import { AttestedSession, bucketOf } from "./attested-session.ts";
import { refusal, runOn, World } from "./world.ts";

jest.setTimeout(60_000);

/** What the system project runs on PGlite, the very same files: sessions, releases, policies, destruction, revocation. */
const contract = [
  () => import("./session.system.test.ts"),
  () => import("./channel.system.test.ts"),
  () => import("./release.system.test.ts"),
  () => import("./authority.system.test.ts"),
  () => import("./lifecycle.system.test.ts"),
  () => import("./revocation.system.test.ts"),
  () => import("./stored-rows.system.test.ts"),
  () => import("./siblings.system.test.ts"),
];

if (missingPostgres() === undefined) {
  let server: RunningPostgres | undefined;
  const running = (): RunningPostgres => {
    if (server === undefined) throw new Error("PostgreSQL has not been started");
    return server;
  };
  // Registered before the hooks of the files, which start their worlds.
  beforeAll(async () => {
    server = await startPostgres();
  }, 180_000);
  runOn(async () => openDatabase({ engine: "postgres", url: await running().createDatabase() }));
  for (const load of contract) await load();
  // Registered after theirs, which close them.
  afterAll(() => server?.stop(), 60_000);
} else {
  describeOnPostgres("the broker on a PostgreSQL server", () => undefined);
}

describeOnPostgresServer("keys on a PostgreSQL server", {}, (server) => {
  async function opened() {
    const world = await World.start({ db: await openDatabase({ engine: "postgres", url: server().url }) });
    const { name, tenant } = await world.open(await world.newTenant());
    const request: KeyRequest = { ...name, purpose: "map", bucketEndMs: bucketOf(world, tenant, "map") };
    return { world, name, tenant, request };
  }

  it("opens, releases, erases and keeps that over a restart", async () => {
    const { world, name, request } = await opened();
    try {
      const codes = async () => (await AttestedSession.begin(world, "redaction")).codes([request]);
      expect(await codes()).toEqual(["given"]);
      await world.restart();
      expect(await codes()).toEqual(["given"]);
      const [first, second] = await Promise.all([
        world.lifecycle.eraseConversation(name),
        world.lifecycle.eraseConversation(name),
      ]);
      expect(second.tombstoneId).toEqual(first.tombstoneId);
      await world.restart();
      expect(await codes()).toEqual(["KEY_DESTROYED"]);
    } finally {
      await world.close();
    }
  });

  it("answers nothing while that is gone or hangs, and everything when it is back", async () => {
    const control = server().process;
    // A server that was given by its URL is not ours to stop.
    if (control === undefined) return;
    const { world, tenant, request } = await opened();
    try {
      const session = await AttestedSession.begin(world, "redaction");
      const asked = (sequence: bigint) => refusal(session.codes([request], sequence));
      const policy = () => refusal(world.authority.getPolicy({ tenantId: tenant.tenantId }));
      await control.kill();
      const gone = [await asked(1n), await policy()];
      await control.start();
      const back = [await asked(2n), await policy()];
      control.suspend();
      // No longer than a service waits.
      const keyring = world.keyring("redaction", { transport: world.transport("release", undefined, 5_000) });
      const hanging = await refusal(keyring.lease([request])).finally(() => control.resume());
      expect({ gone, back, hanging }).toEqual({
        gone: ["UNAVAILABLE", "UNAVAILABLE"],
        back: ["answered", "answered"],
        hanging: "KEYS_UNAVAILABLE",
      });
      expect(await session.codes([request], 4n)).toEqual(["given"]);
    } finally {
      await world.close();
    }
  });
});
