import { StorageError } from "./storage-error.ts";
import { untrustedCertificates } from "./untrusted-certificates.ts";

/** A statement took longer than the server lets it. Ours take milliseconds, so it waited for a lock or a disk. */
const STATEMENT_TIMEOUT = "57014";

/**
 * Classes 08 (connection), 53 (resources), 57P (shutdown, starting up), 58 (system); 25P02, which a statement says after
 * one of its transaction was refused, as on a full disk: the first refusal tells what was wrong. Then what sockets say.
 */
const OUTAGE = /^(08...|25P02|53...|57P0[1-5]|58...|ECONN[A-Z]+|ETIMEDOUT|EPIPE|ENOTFOUND|EAI_AGAIN|EHOSTUNREACH)$/;

/** pg says these without a code. */
const OUTAGE_SENTENCES = [
  "Connection terminated unexpectedly",
  "Connection terminated",
  "Connection terminated due to connection timeout",
  "timeout exceeded when trying to connect",
  "Client has encountered a connection error and is not queryable",
  "PGlite is closed",
];

/** serialization_failure, deadlock_detected, lock_not_available: the same transaction may succeed when run again. */
const TRANSIENT = /^(40001|40P01|55P03)$/;

/** A name is unknown, or taken: something between us and the server gives a connection's session to others in between. */
const FOREIGN_SESSION = /^(26000|42P05)$/;

/** True when the database is away, or doesn't answer in time, so that what was asked of it may succeed later. */
export function isOutage(error: unknown): boolean {
  if (error instanceof StorageError) return error.isUnavailable;
  return (
    isStatementTimeout(error) || OUTAGE.test(sqlState(error)) || OUTAGE_SENTENCES.includes(textOf(error, "message"))
  );
}

/** Class 28 (login); no such database, schema, table, column, function or other name; a right that is missing. */
const UNFIT = /^(28...|3D000|3F000|42P01|42703|42883|42704|42501)$/;

/** pg says these without a code. */
const UNFIT_SENTENCES = [
  "The server does not support SSL connections",
  "There was an error establishing an SSL connection",
];

/**
 * True when the database answers and isn't as its service needs it: a password or a certificate that is none any more, a
 * right or a table that is missing. What was asked of it may succeed once somebody has set that right. A row that its
 * tenant's rules refuse is none of it.
 */
export function isUnfit(error: unknown): boolean {
  const isRefusedRow = textOf(error, "routine") === "ExecWithCheckOptions";
  if (UNFIT.test(sqlState(error)) && !isRefusedRow) return true;
  return (
    untrustedCertificates.has(sqlState(error)) ||
    isPasswordMissing(error) ||
    UNFIT_SENTENCES.includes(textOf(error, "message"))
  );
}

/** The server asks for a password, and there is none, which pg says without a code. */
export function isPasswordMissing(error: unknown): boolean {
  return /^SASL: .*client password must be/u.test(textOf(error, "message"));
}

/** True for the one outage that may concern one statement alone: what it waits for may be a lock. */
export function isStatementTimeout(error: unknown): boolean {
  const asked = error instanceof StorageError ? error.cause : error;
  return sqlState(asked) === STATEMENT_TIMEOUT;
}

function textOf(error: unknown, name: "code" | "message" | "routine"): string {
  if (typeof error !== "object" || error === null) return "";
  const value: unknown = Reflect.get(error, name);
  return typeof value === "string" ? value : "";
}

export function isTransient(error: unknown): boolean {
  return TRANSIENT.test(sqlState(error)) || isPlanOutdated(error) || isSessionForeign(error);
}

/**
 * feature_not_supported from the server's plan cache: a migration changed a table under a prepared statement. Told by the
 * routine that reports it, since the message is in the server's language.
 */
export function isPlanOutdated(error: unknown): boolean {
  return sqlState(error) === "0A000" && textOf(error, "routine") === "RevalidateCachedQuery";
}

/** True when a prepared statement isn't the one that was prepared at this connection. */
export function isSessionForeign(error: unknown): boolean {
  return FOREIGN_SESSION.test(sqlState(error));
}

/** The SQLSTATE or system code of an error, or an empty string. */
export function sqlState(error: unknown): string {
  return textOf(error, "code");
}
