import { z } from "zod";
import type { KmsProvider } from "./key-wrapper.ts";
import { KmsError } from "./kms-errors.ts";

const text = z.string().min(1).max(8_192);

const credential = z.discriminatedUnion("kind", [
  z.strictObject({ kind: z.literal("vault-token"), token: text }),
  z.strictObject({ kind: z.literal("vault-approle"), mount: text.optional(), roleId: text, secretId: text }),
  z.strictObject({
    kind: z.literal("aws"),
    accessKeyId: text,
    secretAccessKey: text,
    sessionToken: text.optional(),
  }),
  z.strictObject({ kind: z.literal("pkcs11"), pin: text }),
]);

/** What a tenant unlocks `keys` with: a login at its own KMS. */
export type KmsCredential = z.infer<typeof credential>;

const kindsOf: Readonly<Record<KmsProvider, readonly KmsCredential["kind"][]>> = {
  local: [],
  vault: ["vault-token", "vault-approle"],
  openbao: ["vault-token", "vault-approle"],
  "aws-kms": ["aws"],
  pkcs11: ["pkcs11"],
};

/** From the JSON that was sealed; undefined when it is none. What it says stays out of the refusal. */
export function parseKmsCredential(json: Uint8Array): KmsCredential | undefined {
  try {
    return credential.safeParse(JSON.parse(new TextDecoder().decode(json))).data;
  } catch {
    return undefined;
  }
}

/** @throws KmsError KMS_CREDENTIAL_REFUSED for one of another kind of KMS than the policy names */
export function requireKindFor(provider: KmsProvider, { kind }: KmsCredential): void {
  if (kindsOf[provider].includes(kind)) return;
  const sentence = `The tenant's policy has its key at ${provider}, and it unlocked keys with a credential of kind ${kind}.`;
  throw new KmsError("KMS_CREDENTIAL_REFUSED", sentence);
}
