import type { KmsPermission } from "../../kms/permissions.ts";
import type { TransitKey } from "./vault-key-ref.ts";

type CapabilitiesOf = (paths: readonly string[]) => Promise<Readonly<Record<string, unknown>>>;

interface Rule {
  readonly path: string;
  readonly capability: "update" | "read" | "create" | "delete";
  readonly isWanted: boolean;
}

/** What docs/keys.md gives to `keys`, and what would be too much: making, changing, taking out or deleting keys. */
function rulesOf({ mount, name }: TransitKey): Rule[] {
  const wanted = { isWanted: true };
  const excess = { isWanted: false };
  return [
    { path: `${mount}/keys/${name}`, capability: "read", ...wanted },
    { path: `${mount}/encrypt/${name}`, capability: "update", ...wanted },
    { path: `${mount}/decrypt/${name}`, capability: "update", ...wanted },
    { path: `${mount}/encrypt/${name}`, capability: "create", ...excess },
    { path: `${mount}/keys/${name}`, capability: "update", ...excess },
    { path: `${mount}/keys/${name}`, capability: "delete", ...excess },
    { path: `${mount}/keys/${name}/config`, capability: "update", ...excess },
    { path: `${mount}/export/encryption-key/${name}`, capability: "read", ...excess },
    { path: `${mount}/backup/${name}`, capability: "read", ...excess },
  ];
}

/** By Vault's own answer about its caller's capabilities at these paths. */
export async function transitPermissions(key: TransitKey, capabilitiesOf: CapabilitiesOf): Promise<KmsPermission[]> {
  const rules = rulesOf(key);
  const capabilities = await capabilitiesOf([...new Set(rules.map(({ path }) => path))]);
  return rules.map(({ path, capability, isWanted }) => {
    const given = capabilities[path];
    const isGiven = Array.isArray(given) && (given.includes(capability) || given.includes("root"));
    const change = isWanted ? "add" : "take away";
    const remedy = `In the policy of its credential, at the path "${path}": ${change} "${capability}".`;
    return { name: `${capability} on ${path}`, isGiven, isWanted, remedy };
  });
}
