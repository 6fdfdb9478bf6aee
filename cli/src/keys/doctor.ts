import {
  credentialTrust,
  examineKek,
  kekOf,
  kmsConfig,
  openKms,
  openWithCredential,
  parseKmsCredential,
  type Kek,
  type KmsCredential,
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
import { namesCredential, readCredential, type CredentialFlags } from "./credential-file.ts";
import { witnessFinding } from "./witness-finding.ts";
import { printJson, printLines, type Terminal } from "../terminal.ts";

export const kmsProviders = ["local", "vault", "openbao", "aws-kms", "pkcs11"] as const satisfies KmsProvider[];

export interface KeysDoctorFlags extends CredentialFlags {
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
  /** Unless only a key was named. */
  readonly policy?: Policy;
}

/** @throws CliError FILE_UNREADABLE, CHECK_FAILED; PolicyError for a note that is no signed policy */
export async function doctor(flags: KeysDoctorFlags, terminal: Terminal): Promise<void> {
  const wanted = await wantedKek(flags);
  const given = await givenCredential(flags);
  const findings = await examined(wanted, given, await environmentWith(flags.envFile, terminal.env));
  const failed = findings.filter(({ result }) => result === "failed").length;
  if (flags.json === true) printJson(terminal, findings);
  else printLines(terminal, [...findingLines(findings), "", summaryLine(findings)]);
  if (failed > 0) throw new CliError("CHECK_FAILED", `${failed} of ${findings.length} checks failed.`);
}

async function wantedKek({ policy: file, provider, keyRef, tenantId = "" }: KeysDoctorFlags): Promise<Wanted> {
  if (file !== undefined) {
    const { policy } = readSignedPolicy(await readBytes(file));
    return { kms: policy.kms, policy, kek: kekOf(policy) };
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

/** What the tenant would unlock `keys` with, in place of the deployment's own. */
async function givenCredential(flags: KeysDoctorFlags): Promise<KmsCredential | undefined> {
  if (!namesCredential(flags)) return undefined;
  return parseKmsCredential(Buffer.from(JSON.stringify(await readCredential(flags))));
}

async function examined(
  { kek, kms, policy }: Wanted,
  given: KmsCredential | undefined,
  env: Terminal["env"],
): Promise<Finding[]> {
  const opened = await open(kek, given, env);
  const findings: Finding[] = [opened.finding];
  if (opened.wrapper === undefined) return findings;
  findings.push(...(await examineKek(opened.wrapper, kek, systemClock)));
  const trust = given === undefined ? credentialTrust(kms, policy?.kmsTrust) : tenantsOwn(policy?.kmsTrust);
  findings.push({ check: "credential", ...trust }, { check: "witnesses", ...witnessFinding(policy) });
  return findings;
}

/** With a credential that the tenant gives itself. */
function tenantsOwn(kmsTrust: Policy["kmsTrust"]): Pick<Finding, "result" | "detail" | "remedy"> {
  const detail = "The credential is the tenant's: `cloister keys unlock` puts it into the memory of keys alone.";
  if (kmsTrust !== "credential") return { result: "ok", detail };
  return {
    result: "warning",
    detail: `${detail} The policy accepts one of whoever runs keys as well (kmsTrust).`,
    remedy: "Leave `kmsTrust` out of the next policy.",
  };
}

/** The settings are a check of their own: most of what goes wrong is there. */
async function open(kek: Kek, given: KmsCredential | undefined, env: Terminal["env"]) {
  try {
    const settings = kmsConfig.parse(env);
    const options = { clock: systemClock, isReadOnly: true };
    const wrapper =
      given === undefined
        ? (await openKms(settings, options)).of(kek)
        : await openWithCredential(settings, options)(kek.provider, given);
    const detail = `This deployment can ask ${kek.provider}.`;
    return { wrapper, finding: { check: "settings", result: "ok", detail } as const };
  } catch (error) {
    const { code, sentence } = explained(error);
    return { finding: { check: "settings", result: "failed", code, detail: sentence } as const };
  }
}
