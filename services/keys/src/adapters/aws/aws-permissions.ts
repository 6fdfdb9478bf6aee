import type * as kmsSdk from "@aws-sdk/client-kms";
import type { Kek } from "../../kms/key-wrapper.ts";
import type { KmsPermission } from "../../kms/permissions.ts";
import { awsRefusal } from "./aws-refusals.ts";

type Sdk = typeof kmsSdk;

/**
 * Asked as AWS lets one ask: by dry runs, and by a call that reads. Whether the credential may disable or delete the key
 * AWS doesn't tell without its being done: that is for whoever reads its policy.
 */
export async function awsPermissions(
  sdk: Sdk,
  client: kmsSdk.KMSClient,
  { keyRef: KeyId }: Kek,
  EncryptionContext: Record<string, string>,
): Promise<readonly KmsPermission[]> {
  const [, , , , account = ""] = KeyId.split(":");
  const encrypt = { KeyId, EncryptionContext, Plaintext: new Uint8Array(32), DryRun: true };
  const grant = { KeyId, GranteePrincipal: `arn:aws:iam::${account}:root`, DryRun: true };
  const describes = await isAllowed(() => client.send(new sdk.DescribeKeyCommand({ KeyId })));
  const encrypts = await isAllowed(() => client.send(new sdk.EncryptCommand(encrypt)));
  const reads = await isAllowed(() => client.send(new sdk.GetKeyPolicyCommand({ KeyId })));
  const grants = await isAllowed(() =>
    client.send(new sdk.CreateGrantCommand({ ...grant, Operations: ["DescribeKey"] })),
  );
  return [
    permission("kms:DescribeKey", { isGiven: describes, isWanted: true }),
    permission("kms:Encrypt", { isGiven: encrypts, isWanted: true }),
    permission("kms:GetKeyPolicy", { isGiven: reads, isWanted: false }),
    permission("kms:CreateGrant", { isGiven: grants, isWanted: false }),
  ];
}

function permission(name: string, { isGiven, isWanted }: Pick<KmsPermission, "isGiven" | "isWanted">): KmsPermission {
  const change = isWanted ? "Allow" : "Take away";
  return { name, isGiven, isWanted, remedy: `${change} ${name} in the key policy or the role's policy.` };
}

async function isAllowed(ask: () => Promise<unknown>): Promise<boolean> {
  try {
    await ask();
    return true;
  } catch (error) {
    if (error instanceof Error && error.name === "DryRunOperationException") return true;
    const refusal = awsRefusal(error);
    if (refusal.code === "KMS_PERMISSION_DENIED") return false;
    throw refusal;
  }
}
