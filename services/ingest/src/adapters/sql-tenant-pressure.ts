import { idToHex, parseTenantId } from "@cloister/envelope";
import type { Clock } from "@cloister/service";
import { acrossTenants, onDatabase } from "@cloister/storage";
import type { Kysely } from "kysely";

import type { TenantPressures } from "../pressure/tenant-pressures.ts";
import type { IngestTables } from "../tables.ts";

/** A look counts for so long: refusing begins and ends this much later at each instance. */
const CACHE_MS = 500;

/** One look at the few tenants that are under pressure serves all messages of half a second. */
export class SqlTenantPressure implements TenantPressures {
  readonly #db: Kysely<IngestTables>;
  readonly #clock: Clock;
  #look: { readonly untilMs: Promise<ReadonlyMap<string, number>>; readonly atMs: number } | undefined;

  constructor(db: Kysely<IngestTables>, clock: Clock) {
    this.#db = db;
    this.#clock = clock;
  }

  async untilMs(tenantId: Uint8Array): Promise<number | undefined> {
    const atMs = this.#clock.monotonicMs();
    if (this.#look === undefined || atMs - this.#look.atMs >= CACHE_MS) {
      const look = { untilMs: this.#read(), atMs };
      this.#look = look;
      look.untilMs.catch(() => this.#look === look && (this.#look = undefined));
    }
    return (await this.#look.untilMs).get(idToHex(parseTenantId(tenantId)));
  }

  async #read(): Promise<ReadonlyMap<string, number>> {
    const rows = await onDatabase(acrossTenants("access"), () =>
      this.#db
        .selectFrom("tenant_pressure")
        .select(["tenant_id", "until_ms"])
        .where("until_ms", ">", this.#clock.nowMs())
        .orderBy("until_ms")
        .execute(),
    );
    return new Map(rows.map((row) => [Buffer.from(row.tenant_id).toString("hex"), row.until_ms]));
  }
}
