import { createKemPrivateKey } from "@cloister/envelope";
import { nodeBackend } from "@cloister/envelope/node";
import { z } from "zod";
import { CliError } from "../cli-error.ts";
import { readJson, writeNew } from "../files.ts";
import { hexOf } from "../terminal.ts";

/** As a policy lists a recipient: a name, an X-Wing public key (1,216 bytes as base64), and whether it gets the names. */
const schema = z.strictObject({
  name: z.string().min(1),
  kemPublicKey: z.base64().length(1_624),
  map: z.boolean(),
});

export type NamedRecipient = z.output<typeof schema>;

/** Where the public part of a key file lies. */
export const publicFileOf = (keyFile: string): string => `${keyFile}.public.json`;

/**
 * Makes a recipient's key: the seed (0600, hex) in `keyFile` and the public part beside it. Nothing is ever overwritten.
 * @throws CliError FILE_EXISTS, FILE_UNWRITABLE
 */
export async function makeRecipient(
  keyFile: string,
  { name, map }: { readonly name: string; readonly map: boolean },
  randomBytes: (length: number) => Uint8Array,
): Promise<NamedRecipient> {
  const seed = randomBytes(32);
  const key = createKemPrivateKey(nodeBackend, seed);
  const recipient: NamedRecipient = { name, kemPublicKey: Buffer.from(key.publicKeyBytes).toString("base64"), map };
  key.destroy();
  await writeNew(keyFile, `${hexOf(seed)}\n`, 0o600);
  await writeNew(publicFileOf(keyFile), `${JSON.stringify(recipient, null, 2)}\n`, 0o644);
  return recipient;
}

/** The public part. @throws CliError FILE_UNREADABLE */
export async function readRecipient(path: string): Promise<NamedRecipient> {
  const parsed = schema.safeParse(await readJson(path));
  if (parsed.success) return parsed.data;
  throw new CliError("FILE_UNREADABLE", `${path} is no public part that \`cloister recipient init\` wrote.`);
}
