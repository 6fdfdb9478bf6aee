import { randomBytes } from "node:crypto";
import { basename, join, resolve } from "node:path";
import type { Command } from "commander";
import { printJson, printLines, type Terminal } from "../terminal.ts";
import { makeTenant } from "./tenant-folder.ts";

interface Flags {
  readonly out: string;
  readonly name?: string;
  readonly json?: true;
}

const notes = `
The folder (0700) then holds root.key and admission.key, each a seed of 32 bytes as hex (0600), and tenant.json, which
is public. Whoever has root.key decides who may read: keep a copy offline. admission.key belongs to the application's
backend, which admits its users with it. The tenant id is a hash of the root's public key: put it into the application's
configuration, never fetch it.

Examples:
  cloister tenant init --out ./tenant
  cloister tenant init --out ./acme --name "Acme Health" --json`;

/** Adds `cloister tenant init`. It needs no running system. */
export function registerTenantInit(tenant: Command, terminal: Terminal): void {
  tenant
    .command("init")
    .summary("make a tenant: root key, admission key, tenant id")
    .description("Makes a tenant's keys in a new folder and prints the tenant id. Nothing is ever overwritten.")
    .requiredOption("--out <folder>", "folder to make them in")
    .option("--name <name>", "what people call the tenant (default: the folder's name)")
    .option("--json", "print as JSON")
    .addHelpText("after", notes)
    .action((flags: Flags) => init(flags, terminal));
}

async function init({ out, name, json }: Flags, terminal: Terminal): Promise<void> {
  const tenant = await makeTenant(out, name ?? basename(resolve(out)), randomBytes);
  if (json === true) {
    printJson(terminal, { ...tenant, folder: resolve(out) });
    return;
  }
  printLines(terminal, [
    `Tenant ${tenant.name}: ${tenant.tenantId}`,
    "",
    `  ${join(out, "root.key")}       decides who may read; keep it offline`,
    `  ${join(out, "admission.key")}  admits users; for the application's backend`,
    `  ${join(out, "tenant.json")}    the public part`,
    "",
    `Next: cloister policy sign --tenant ${out} --preset standard --development`,
  ]);
}
