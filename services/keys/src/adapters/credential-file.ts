import { readFile } from "node:fs/promises";
import { ServiceError } from "@cloister/service";

/** As many characters as 24 random bytes have in base64. */
const MIN_CHARACTERS = 32;

/** The token of a door, from the file that its callers have too. @throws ServiceError CONFIG_INVALID when it is missing or short */
export async function readCredential(path: string): Promise<string> {
  const token = await readFile(path, "utf8").catch(() => "");
  if (token.trim().length >= MIN_CHARACTERS) return token.trim();
  throw new ServiceError("CONFIG_INVALID", "a door's token file can't be read or holds fewer than 32 characters");
}
