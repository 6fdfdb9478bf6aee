import { CustomPatterns, PiiError } from "@cloister/pii";
import {
  DAY_MS,
  definePolicy,
  PolicyError,
  policyFromJson,
  policyToJson,
  presetNames,
  retentionClasses,
  signPolicy,
  type Policy,
  type PresetName,
  type RetentionClass,
} from "@cloister/policy";
import { systemClock } from "@cloister/service";
import { InvalidArgumentError, Option, type Command } from "commander";
import { CliError } from "../cli-error.ts";
import { dataOption, runningOn, type DataFlags } from "../connection.ts";
import { readJson, writeNew } from "../files.ts";
import { readRecipient } from "../recipient/recipient-file.ts";
import {
  nextPolicyVersion,
  policyFileOf,
  readTenant,
  rootHistory,
  rootSigner,
  tenantIdOf,
  type Tenant,
} from "../tenant/tenant-folder.ts";
import { printJson, printLines, type Terminal } from "../terminal.ts";
import { describePolicy } from "./describe-policy.ts";
import { missingUnder } from "./missing.ts";

interface Flags extends DataFlags {
  readonly tenant: string;
  readonly preset: PresetName;
  readonly development?: true;
  readonly from?: string;
  readonly keep?: readonly Kept[];
  readonly recipient?: readonly string[];
  readonly version?: number;
  readonly expiresDays: number;
  readonly out?: string;
  readonly json?: true;
}

interface Kept {
  readonly name: RetentionClass;
  readonly days: number;
}

const notes = `
With --development the policy allows what runs on --data at this moment: simulated evidence, measured from its own files.
Without it --from has to name "measurements", "hardware" and "kms": docs/attestation.md has files to begin with.

--from takes any fields of a policy as \`cloister policy show --json\` prints them; they stand over the preset's. Tenant,
roots, version and times always come from the tenant's folder and the flags.

Examples:
  cloister policy sign --tenant ./tenant --preset standard --development
  cloister policy sign --tenant ./tenant --preset standard --development --keep log=30 --keep map=30
  cloister policy show ./tenant/policy-1.note --json > policy.json
  cloister policy sign --tenant ./tenant --preset standard --development --recipient support.key.public.json
  cloister policy sign --tenant ./tenant --from policy.json --development`;

/** Adds `cloister policy sign`. */
export function registerPolicySign(policy: Command, terminal: Terminal): void {
  policy
    .command("sign")
    .summary("make a policy from a preset and sign it with the tenant's newest root")
    .description(
      "Makes a policy from a preset, signs it with the tenant's newest root, writes it to a new file and shows it.",
    )
    .requiredOption("--tenant <folder>", "folder that `cloister tenant init` made")
    .addOption(new Option("--preset <name>", "what to start from").choices(presetNames).default("standard"))
    .option("--development", "allow simulated evidence and a local key file; production refuses such a policy")
    .addOption(dataOption())
    .option("--from <file>", "JSON with fields of the policy that stand over the preset's")
    .option("--keep <class=days>", `how long to keep one of ${retentionClasses.join(", ")}; may be repeated`, addKept)
    .option("--recipient <files...>", "public parts that `cloister recipient init` wrote: who reads replies as well")
    .option("--version <number>", "the policy's version (default: one more than the newest in the folder)", wholeNumber)
    .option("--expires-days <days>", "how long it is valid, at most 90 days", wholeNumber, 60)
    .option("--out <file>", "where to write it (default: policy-<version>.note in the tenant's folder)")
    .option("--json", "print the policy as JSON")
    .addHelpText("after", notes)
    .action((flags: Flags) => sign(flags, terminal));
}

async function sign(flags: Flags, terminal: Terminal): Promise<void> {
  const tenant = await readTenant(flags.tenant);
  const root = await rootSigner(flags.tenant, tenant);
  const version = flags.version ?? (await nextPolicyVersion(flags.tenant));
  const policy = await policyOf(flags, tenant, version);
  const out = flags.out ?? policyFileOf(flags.tenant, version);
  await writeNew(out, signPolicy(policy, root), 0o644);
  if (flags.json === true) {
    printJson(terminal, { file: out, policy: policyToJson(policy) });
    return;
  }
  const missing = missingUnder(policy);
  const nowMs = systemClock.nowMs();
  printLines(terminal, [
    ...describePolicy(policy, { nowMs, missing, signature: "by the tenant's root" }),
    "",
    `Written to ${out}.`,
    `Next: cloister policy apply ${out} --tenant ${flags.tenant}${flags.data === "./.cloister" ? "" : ` --data ${flags.data}`}`,
  ]);
}

async function policyOf(flags: Flags, tenant: Tenant, version: number): Promise<Policy> {
  const given = flags.from === undefined ? {} : await givenFields(flags.from);
  const isDevelopment = flags.development === true;
  const missing = ["measurements", "hardware", "kms"].filter((name) => !(name in given));
  if (!isDevelopment && missing.length > 0) {
    const names = missing.map((name) => `"${name}"`).join(", ");
    throw new CliError(
      "POLICY_INCOMPLETE",
      `A policy that isn't for development names ${names}, too: give them in --from, or add --development.`,
    );
  }
  const nowMs = systemClock.nowMs();
  const fromPreset = definePolicy(flags.preset, {
    version,
    tenantId: tenantIdOf(tenant),
    roots: [...(await rootHistory(flags.tenant, tenant)).roots],
    // Clocks of other machines may be a little behind.
    notBeforeMs: nowMs - 60_000,
    expiresAtMs: nowMs - 60_000 + flags.expiresDays * DAY_MS,
    measurements: { keys: [], redaction: [], "enclave-inference": [], embedding: [] },
    admissionIssuers: [
      { name: tenant.admissionIssuer.name, publicKey: Buffer.from(tenant.admissionIssuer.publicKey, "hex") },
    ],
    kms: { custody: "byok", provider: "local", keyRef: "" },
    // Until the fields that a preset may require are in place.
    development: true,
  });
  const base = policyToJson(fromPreset);
  const { tenantId, roots, notBeforeMs, expiresAtMs } = base;
  const chosen = {
    ...base,
    ...(isDevelopment && (await allowedHere(flags))),
    ...given,
    ...(flags.recipient && { recipients: await Promise.all(flags.recipient.map(readRecipient)) }),
    ...{ tenantId, roots, version, notBeforeMs, expiresAtMs, development: isDevelopment },
  };
  return withUsablePatterns(policyFromJson({ ...chosen, periods: withKept(chosen.periods, flags.keep ?? []) }));
}

/** Redaction refuses every message under a pattern that it can't take: better to hear of it before signing. */
function withUsablePatterns(policy: Policy): Policy {
  try {
    new CustomPatterns((policy.redaction?.patterns ?? []).map(({ name, pattern }) => ({ name, pattern })));
    return policy;
  } catch (error) {
    if (!(error instanceof PiiError)) throw error;
    throw new PolicyError("POLICY_MALFORMED", `The policy's redaction rules can't be applied. ${error.message}.`);
  }
}

/** What runs on the data folder, so that a development policy allows just that. */
async function allowedHere(flags: Flags) {
  const { measurements, simulatedRoot } = await runningOn(flags);
  return {
    measurements: {
      keys: [measurements.keys],
      redaction: [measurements.redaction],
      "enclave-inference": [measurements["enclave-inference"]],
      embedding: [measurements.embedding],
    },
    simulatedRoots: [simulatedRoot],
  };
}

/** @throws CliError FILE_UNREADABLE, POLICY_INCOMPLETE */
async function givenFields(path: string): Promise<Readonly<Record<string, unknown>>> {
  const json = await readJson(path);
  if (typeof json !== "object" || json === null || Array.isArray(json)) {
    throw new CliError("POLICY_INCOMPLETE", `${path} holds no JSON object with fields of a policy.`);
  }
  // `policy sign --json` and `policy show --json` print the policy under this name, beside what they say of it.
  return { ...("policy" in json && typeof json.policy === "object" ? json.policy : json) };
}

function withKept(periods: unknown, kept: readonly Kept[]): unknown {
  if (kept.length === 0) return periods;
  const changed = kept.map(({ name, days }) => [name, { periodMs: days * DAY_MS, minimumDays: 0 }]);
  return { ...Object(periods), ...Object.fromEntries(changed) };
}

function addKept(text: string, earlier: readonly Kept[] = []): readonly Kept[] {
  const [, wanted, days] = /^([a-z]+)=(\d{1,5})$/.exec(text) ?? [];
  const name = retentionClasses.find((one) => one === wanted);
  if (name === undefined || days === undefined) {
    throw new InvalidArgumentError(`It reads class=days, such as log=30; classes are ${retentionClasses.join(", ")}.`);
  }
  return [...earlier, { name, days: Number(days) }];
}

function wholeNumber(text: string): number {
  const number = Number(text);
  if (!/^\d{1,9}$/.test(text) || number < 1) throw new InvalidArgumentError("A whole number, 1 or more.");
  return number;
}
