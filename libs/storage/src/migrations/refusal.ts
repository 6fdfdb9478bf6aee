import { isOutage, isPasswordMissing, sqlState } from "../outage.ts";
import { StorageError } from "../storage-error.ts";
import { unavailable } from "../unavailable.ts";

const INSUFFICIENT_PRIVILEGE = "42501";
/** Class 28 (login), and a database that doesn't exist. */
const REFUSED_LOGIN = /^(?:28...|3D000)$/u;

/** What is wrong with the connection or its rights, apart from what was asked; undefined when it is neither. */
export function databaseRefusal(error: unknown, what: string): StorageError | undefined {
  if (error instanceof StorageError) return error;
  if (isOutage(error)) return unavailable(error);
  if (REFUSED_LOGIN.test(sqlState(error))) {
    const sentence = "the server refuses the login, or has no such database; look at the URL and its password";
    return new StorageError("DATABASE_REFUSED", sentence, { cause: error });
  }
  if (isPasswordMissing(error)) {
    return new StorageError("DATABASE_REFUSED", "the server asks for a password, and none was given, or an empty one", {
      cause: error,
    });
  }
  if (sqlState(error) !== INSUFFICIENT_PRIVILEGE) return undefined;
  // PostgreSQL names the object and nothing that is in it.
  const said = error instanceof Error ? ` (${error.message})` : "";
  return new StorageError("RIGHTS_MISSING", `the login has no right to do that with ${what}${said}`, { cause: error });
}
