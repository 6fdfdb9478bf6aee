import { create } from "@bufbuild/protobuf";
import { RotateKeysRequestSchema, RotateKeysResponseSchema } from "@cloister/contracts/keys/authority";
import { callProtobuf } from "../call-protobuf.ts";
import { ingestDoor, type ConnectionFlags } from "../connection.ts";
import { readTenant, tenantIdOf } from "../tenant/tenant-folder.ts";
import { hexOf, printJson, printLines, type Terminal } from "../terminal.ts";

export interface RotateFlags extends ConnectionFlags {
  readonly tenant: string;
  readonly issuer?: true;
  readonly json?: true;
}

/** @throws CliError of tenants and connections; Refusal, ROTATED_LATELY within an hour of the last issuer */
export async function rotate(flags: RotateFlags, terminal: Terminal): Promise<void> {
  const tenant = await readTenant(flags.tenant);
  const request = create(RotateKeysRequestSchema, { tenantId: tenantIdOf(tenant), issuer: flags.issuer === true });
  const { issuerKey, formerIssuers } = await callProtobuf(
    await ingestDoor(flags),
    { path: "/v1/keys/rotate", tenantIdHex: tenant.tenantId },
    [RotateKeysRequestSchema, request],
    RotateKeysResponseSchema,
  );
  if (flags.json === true) {
    printJson(terminal, { tenantId: tenant.tenantId, issuerKey: hexOf(issuerKey), formerIssuers });
    return;
  }
  printLines(terminal, [
    "The tenant's wrapping key is wrapped by the newest version of its KEK.",
    ...(flags.issuer === true
      ? [`The issuer key is another one; ${formerIssuers} before it count for what they signed.`]
      : []),
  ]);
}
