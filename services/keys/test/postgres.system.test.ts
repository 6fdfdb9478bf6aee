import { expect, it, jest } from "@jest/globals";
import type { KeyRequest } from "@cloister/keyring";
import { openDatabase } from "@cloister/storage";
import { describeOnPostgres } from "@cloister/testing";
import { AttestedSession, bucketOf } from "./attested-session.ts";
import { World } from "./world.ts";

jest.setTimeout(60_000);

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
