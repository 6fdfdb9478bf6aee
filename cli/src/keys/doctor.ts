import {
  credentialTrust,
  examineKek,
  kekOf,
  kmsConfig,
  openKms,
  type Kek,
  type KmsProvider,
} from "@cloister/embedded/kms";
import type { Policy } from "@cloister/policy";
import { systemClock } from "@cloister/service";
import { CliError } from "../cli-error.ts";
import { findingLines, summaryLine, type Finding } from "../doctor/finding.ts";
import { environmentWith } from "../environment-file.ts";
import { explained } from "../error-line.ts";
import { readBytes } from "../files.ts";
import { readSignedPolicy } from "../policy/policy-note.ts";
import { printJson, printLines, type Terminal } from "../terminal.ts";

export const kmsProviders = ["local", "vault", "openbao", "aws-kms", "pkcs11"] as const satisfies KmsProvider[];

export interface KeysDoctorFlags {
  readonly envFile?: string;
  readonly policy?: string;
  readonly provider?: KmsProvider;
  readonly keyRef: string;
  readonly tenantId?: string;
  readonly json?: true;
}

interface Wanted {
  readonly kek: Kek;
  readonly kms: Policy["kms"];
  readonly kmsTrust?: Policy["kmsTrust"];
}

/** @throws CliError FILE_UNREADABLE, CHECK_FAILED; PolicyError for a note that is no signed policy */
export async function doctor(flags: KeysDoctorFlags, terminal: Terminal): Promise<void> {
  const wanted = await wantedKek(flags);
  const findings = await examined(wanted, await environmentWith(flags.envFile, terminal.env));
  const failed = findings.filter(({ result }) => result === "failed").length;
  if (flags.json === true) printJson(terminal, findings);
  else printLines(terminal, [...findingLines(findings), "", summaryLine(findings)]);
  if (failed > 0) throw new CliError("CHECK_FAILED", `${failed} of ${findings.length} checks failed.`);
}

async function wantedKek({ policy: file, provider, keyRef, tenantId = "" }: KeysDoctorFlags): Promise<Wanted> {
  if (file !== undefined) {
    const { policy } = readSignedPolicy(await readBytes(file));
    return { kms: policy.kms, kmsTrust: policy.kmsTrust, kek: kekOf(policy) };
  }
  if (provider === undefined) throw new CliError("POLICY_INCOMPLETE", "Give --policy, or --provider with --key-ref.");
  if (!/^(?:[0-9a-f]{32})?$/u.test(tenantId)) {
    throw new CliError("TENANT_MALFORMED", "The tenant's id is 32 digits of hex: `cloister policy show` prints it.");
  }
  const id = tenantId === "" ? new Uint8Array(16) : Buffer.from(tenantId, "hex");
  return {
    kms: { custody: "byok", provider, keyRef },
    kek: { tenantId: id, provider, keyRef, trustsCredential: true },
  };
}

async function examined({ kek, kms, kmsTrust }: Wanted, env: Terminal["env"]): Promise<Finding[]> {
  const opened = await open(kek, env);
  const findings: Finding[] = [opened.finding];
  if (opened.wrapper === undefined) return findings;
  findings.push(...(await examineKek(opened.wrapper, kek, systemClock)));
  findings.push({ check: "credential", ...credentialTrust(kms, kmsTrust) });
  return findings;
}

/** The settings are a check of their own: most of what goes wrong is there. */
async function open(kek: Kek, env: Terminal["env"]) {
  try {
    const wrapper = (await openKms(kmsConfig.parse(env), { clock: systemClock, isReadOnly: true })).of(kek);
    const detail = `This deployment can ask ${kek.provider}.`;
    return { wrapper, finding: { check: "settings", result: "ok", detail } as const };
  } catch (error) {
    const { code, sentence } = explained(error);
    return { finding: { check: "settings", result: "failed", code, detail: sentence } as const };
  }
}
