import { afterAll, beforeAll, expect, it, jest } from "@jest/globals";
import type { KeyRequest } from "@cloister/keyring";
import { openDatabase } from "@cloister/storage";
import { describeOnPostgres } from "@cloister/testing";
import { missingPostgres, startPostgres, type RunningPostgres } from "@cloister/testing/engines";
import { AttestedSession, bucketOf } from "./attested-session.ts";
import { runOn, World } from "./world.ts";

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

describeOnPostgres("keys on a PostgreSQL server", (url) => {
  it("opens, releases, erases and keeps that over a restart", async () => {
    const db = await openDatabase({ engine: "postgres", url: url() });
    const world = await World.start({ db });
    try {
      const { name, tenant } = await world.open(await world.newTenant());
      const request: KeyRequest = { ...name, purpose: "map", bucketEndMs: bucketOf(world, tenant, "map") };
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
});
