import { signerFromSeed } from "@cloister/policy";
import { writeNew } from "../files.ts";
import { hexOf } from "../terminal.ts";

/** What a policy names of a release signer, as its JSON writes it. */
export interface NamedReleaseSigner {
  readonly name: string;
  /** Ed25519, 32 bytes as hex. */
  readonly publicKey: string;
}

/** Where the public part of a key file lies. */
export const publicFileOf = (keyFile: string): string => `${keyFile}.public.json`;

/**
 * Makes a release signer's key: the seed (0600, hex) in `keyFile` and the public part beside it. Nothing is ever overwritten.
 * @throws CliError FILE_EXISTS, FILE_UNWRITABLE
 */
export async function makeReleaseSigner(
  keyFile: string,
  name: string,
  randomBytes: (length: number) => Uint8Array,
): Promise<NamedReleaseSigner> {
  const seed = randomBytes(32);
  const signer: NamedReleaseSigner = { name, publicKey: hexOf(signerFromSeed(seed).publicKey) };
  await writeNew(keyFile, `${hexOf(seed)}\n`, 0o600);
  await writeNew(publicFileOf(keyFile), `${JSON.stringify(signer, null, 2)}\n`, 0o644);
  seed.fill(0);
  return signer;
}
