import { CliError } from "../cli-error.ts";
import { readBytes, readJson, requireOwnersAlone } from "../files.ts";

/** Which files a credential for the tenant's KMS is in. */
export interface CredentialFlags {
  readonly tokenFile?: string;
  readonly roleId?: string;
  readonly secretIdFile?: string;
  readonly mount?: string;
  readonly awsFile?: string;
  readonly pinFile?: string;
}

export function namesCredential({ tokenFile, secretIdFile, awsFile, pinFile, roleId }: CredentialFlags): boolean {
  return [tokenFile, secretIdFile, awsFile, pinFile, roleId].some((flag) => flag !== undefined);
}

/**
 * The credential as `keys` takes it, from a file that nobody but its owner can read.
 * @throws CliError FILE_UNREADABLE, KEY_FILE_OPEN; CREDENTIAL_MISSING unless exactly one is named
 */
export async function readCredential(flags: CredentialFlags): Promise<Readonly<Record<string, string>>> {
  const { tokenFile, secretIdFile, awsFile, pinFile, roleId, mount } = flags;
  const named = [tokenFile, secretIdFile, awsFile, pinFile].filter((file) => file !== undefined);
  if (named.length !== 1 || (secretIdFile === undefined) !== (roleId === undefined)) {
    throw new CliError(
      "CREDENTIAL_MISSING",
      "Give one of --token-file, --role-id with --secret-id-file, --aws-file and --pin-file.",
    );
  }
  if (tokenFile !== undefined) return { kind: "vault-token", token: await secretIn(tokenFile) };
  if (pinFile !== undefined) return { kind: "pkcs11", pin: await secretIn(pinFile) };
  if (awsFile !== undefined) return awsKey(awsFile);
  const login = { kind: "vault-approle", roleId: roleId ?? "", secretId: await secretIn(secretIdFile ?? "") };
  return mount === undefined ? login : { ...login, mount };
}

async function secretIn(path: string): Promise<string> {
  const secret = Buffer.from(await readBytes(path))
    .toString("utf8")
    .trim();
  await requireOwnersAlone(path);
  if (secret !== "") return secret;
  throw new CliError("CREDENTIAL_MISSING", `${path} is empty.`);
}

/** As `aws sts assume-role` and `aws iam create-access-key` print it, or the inner object alone. */
async function awsKey(path: string): Promise<Readonly<Record<string, string>>> {
  const content = await readJson(path);
  await requireOwnersAlone(path);
  const inner = fieldOf(content, "Credentials") ?? fieldOf(content, "AccessKey") ?? content;
  const text = (name: string): string | undefined => {
    const value = fieldOf(inner, name);
    return typeof value === "string" && value !== "" ? value : undefined;
  };
  const [accessKeyId, secretAccessKey, sessionToken] = [
    text("AccessKeyId"),
    text("SecretAccessKey"),
    text("SessionToken"),
  ];
  if (accessKeyId === undefined || secretAccessKey === undefined) {
    throw new CliError("CREDENTIAL_MISSING", `${path} holds no AccessKeyId with its SecretAccessKey.`);
  }
  return { kind: "aws", accessKeyId, secretAccessKey, ...(sessionToken !== undefined && { sessionToken }) };
}

function fieldOf(value: unknown, name: string): unknown {
  return typeof value === "object" && value !== null ? Reflect.get(value, name) : undefined;
}
