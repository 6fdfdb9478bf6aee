import { readTenant } from "../tenant/tenant-folder.ts";

/** The tenant of a folder that `tenant init` made, or an id as 32 hexadecimal digits. @throws CliError as `readTenant` */
export async function tenantIdFrom(folderOrId: string): Promise<string> {
  return /^[0-9a-f]{32}$/.test(folderOrId) ? folderOrId : (await readTenant(folderOrId)).tenantId;
}
