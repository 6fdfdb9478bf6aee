import type { Database } from "../database.ts";
import { endingFunctions, makingFunctions } from "../migrations/bucket-functions.ts";
import type { Migrations } from "../migrations/migrate.ts";

/** Who works in the database. Each is a role without a login, named by a prefix: `cloister_ingest`. */
export const serviceRoles = ["ingest", "redaction", "inference", "embedding", "retention", "keys"] as const;
export type ServiceRole = (typeof serviceRoles)[number];

export type TableRight = "select" | "insert" | "update" | "delete";

/** What a role may do in a schema, and nothing besides. */
export interface SchemaGrant {
  readonly to: ServiceRole;
  /** By the name of a table or view. */
  readonly tables?: Readonly<Record<string, readonly TableRight[]>>;
  readonly sequences?: readonly string[];
  /** Signatures: `make_bucket(text, bigint)`. */
  readonly functions?: readonly string[];
}

/** A schema with all that `cloister migrate` has to know of it. */
export interface OwnedSchema {
  readonly schema: string;
  readonly migrations: Migrations;
  readonly grants: readonly SchemaGrant[];
  /** Rows that every deployment has, which roles can't make: topics. */
  readonly rows?: OwnedRows;
}

export interface OwnedRows {
  /** For a person; all of them while the schema isn't there. */
  missing(db: Database): Promise<readonly string[]>;
  /** Nothing when they are there. */
  make(db: Database): Promise<void>;
}

/** For a role that fills tables with buckets. */
export const bucketMaking: Pick<SchemaGrant, "functions"> = { functions: makingFunctions };

/** For retention, in every schema whose rows it ends: functions of the owner's, and no right on a table. */
export const bucketEnding: SchemaGrant = { to: "retention", functions: endingFunctions };
