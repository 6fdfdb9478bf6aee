import type { Command } from "commander";
import type { Terminal } from "../terminal.ts";
import { registerTenantInit } from "./init.ts";
import { registerRotateRoot } from "./rotate-root.ts";

export function registerTenant(program: Command, terminal: Terminal): void {
  const tenant = program.command("tenant").summary("tenants and their keys").description("Tenants and their keys.");
  registerTenantInit(tenant, terminal);
  registerRotateRoot(tenant, terminal);
}
