import type { Policy } from "@cloister/policy";
import { systemClock } from "@cloister/service";
import type { Command } from "commander";
import { CliError } from "../cli-error.ts";
import { addRetentionOptions, ingestDoor, retentionDoor, runningOn, type RetentionFlags } from "../connection.ts";
import { explained } from "../error-line.ts";
import { tenantClient } from "../tenant-client.ts";
import { admissionFor } from "../tenant/admission.ts";
import { admissionSigner, readTenant, tenantIdOf } from "../tenant/tenant-folder.ts";
import { printJson, printLines, type Terminal } from "../terminal.ts";
import { findingLines, summaryLine, type Finding } from "./finding.ts";
import { clockSkew, diskSpace, health, nodeVersion, retention } from "./system-checks.ts";
import { allowedPrograms, chainOfTrust, guarantees, policyInForce, roundTrip, tenantFolder } from "./tenant-checks.ts";

interface Flags extends RetentionFlags {
  readonly tenant?: string;
  readonly roundTrip?: true;
  readonly development?: true;
  readonly json?: true;
}

const ROUND_TRIP_MS = 30_000;

const notes = `
Looks at this machine, at the running system and, with --tenant, at the tenant: its keys, its policy, the chain of trust,
and whether the policy allows the code that runs. --round-trip sends one sealed message and waits for its answer; it is
kept as long as the policy says. Exit code 1 when a check failed; a warning alone exits with 0.

--json prints a list of {"check", "result": "ok" | "warning" | "failed" | "skipped", "detail", "code", "remedy"}.

Examples:
  cloister doctor
  cloister doctor --tenant ./tenant --round-trip
  cloister doctor --url https://chat.example.com --tenant ./tenant --json`;

/** Adds `cloister doctor`. */
export function registerDoctor(program: Command, terminal: Terminal): void {
  const command = program
    .command("doctor")
    .summary("find what is wrong, and say what to do")
    .description("Finds what is wrong with a running system or a tenant, and says what to do about it.");
  addRetentionOptions(command)
    .option("--tenant <folder>", "folder that `cloister tenant init` made")
    .option("--round-trip", "with --tenant: send a message and wait for its answer")
    .option("--development", "with --url: accept simulated evidence")
    .option("--json", "print as JSON")
    .addHelpText("after", notes)
    .action((flags: Flags, self: Command) => {
      if (flags.roundTrip === true && flags.tenant === undefined) self.error("error: --round-trip needs --tenant");
      return doctor(flags, terminal);
    });
}

async function doctor(flags: Flags, terminal: Terminal): Promise<void> {
  const examination = new Examination();
  await examineSystem(examination, flags);
  if (flags.tenant !== undefined) await examineTenant(examination, flags, flags.tenant);
  const { findings } = examination;
  const failed = findings.filter(({ result }) => result === "failed").length;
  if (flags.json === true) printJson(terminal, findings);
  else printLines(terminal, [...findingLines(findings), "", summaryLine(findings)]);
  if (failed > 0) throw new CliError("CHECK_FAILED", `${failed} of ${findings.length} checks failed.`);
}

async function examineSystem(examination: Examination, flags: Flags): Promise<void> {
  await examination.check("node", () => nodeVersion(process.versions.node));
  const door = await examination.check("running", async () => {
    const { url } = await ingestDoor(flags);
    return { result: "ok", detail: `The system is at ${url}.`, url };
  });
  const url = door?.url;
  const ingest = await examination.check("ingest", url && (() => health(url)));
  await examination.check("clock", ingest && url && (() => clockSkew(url, () => systemClock.nowMs())));
  if (flags.url === undefined) await examination.check("disk", url && (() => diskSpace(flags.data)));
  if (flags.url === undefined || flags.retentionUrl !== undefined) {
    await examination.check("retention", url && (async () => retention(await retentionDoor(flags))));
  }
}

async function examineTenant(examination: Examination, flags: Flags, folder: string): Promise<void> {
  const isWell = await examination.check("tenant folder", () => tenantFolder(folder));
  const isUp = examination.isWell("ingest");
  const chain = await examination.check(
    "chain of trust",
    isWell && isUp && (async () => chainOfTrust(await tenantClient(tenantIdOf(await readTenant(folder)), flags))),
  );
  const policy: Policy | undefined = chain?.policy;
  await examination.check("policy", policy && (() => policyInForce(policy, systemClock.nowMs())));
  await examination.check("guarantees", policy && (() => guarantees(policy)));
  if (flags.url === undefined) {
    await examination.check("code", policy && (async () => allowedPrograms(policy, await runningOn(flags))));
  }
  if (flags.roundTrip !== true) return;
  await examination.check(
    "round trip",
    policy &&
      (() =>
        roundTrip(
          () => ask(flags, folder),
          () => systemClock.monotonicMs(),
        )),
  );
}

async function ask(flags: Flags, folder: string): Promise<{ readonly model: string }> {
  const tenant = await readTenant(folder);
  const issuer = await admissionSigner(folder, tenant);
  const client = await tenantClient(tenantIdOf(tenant), flags);
  const conversation = await client.openConversation({ admission: admissionFor(tenant, issuer, { kind: "chat" }) });
  return conversation.ask("Is anybody there?", { timeoutMs: ROUND_TRIP_MS });
}

type Found = Omit<Finding, "check">;

/** Checks in order; one that needs what another didn't find is skipped. */
class Examination {
  readonly findings: Finding[] = [];

  /** What was found, unless the check failed. A falsy `look` means that something it needs is missing. */
  async check<T extends Found>(
    check: string,
    look: (() => T | Promise<T>) | "" | false | undefined,
  ): Promise<T | undefined> {
    if (!look) {
      this.findings.push({ check, result: "skipped", detail: "It needs what failed above." });
      return undefined;
    }
    try {
      const found = await look();
      const { result, detail, code, remedy } = found;
      this.findings.push({ check, result, detail, ...(code && { code }), ...(remedy && { remedy }) });
      return result === "failed" ? undefined : found;
    } catch (error) {
      const { code, sentence } = explained(error);
      this.findings.push({ check, result: "failed", code, detail: sentence });
      return undefined;
    }
  }

  isWell(check: string): boolean {
    return this.findings.some((one) => one.check === check && (one.result === "ok" || one.result === "warning"));
  }
}
