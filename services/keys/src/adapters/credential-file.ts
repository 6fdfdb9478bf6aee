import { readSecretFile, ServiceError } from "@cloister/service";

/** As many characters as 24 random bytes have in base64. */
const MIN_CHARACTERS = 32;

/**
 * The token of a door, from the file that its callers have too.
 * @throws ServiceError CONFIG_INVALID when it is short; as `readSecretFile`
 */
export async function readCredential(path: string): Promise<string> {
  const token = await readSecretFile(path);
  if (token.length >= MIN_CHARACTERS) return token;
  throw new ServiceError("CONFIG_INVALID", `the door's token in ${path} has fewer than 32 characters`);
}
