import { attestedRoles, type AttestedRole } from "@cloister/attestation";
import {
  DAY_MS,
  manifestFromJson,
  manifestToJson,
  type ReleaseManifest,
  signerFromSeed,
  signReleaseManifest,
} from "@cloister/policy";
import { systemClock } from "@cloister/service";
import { InvalidArgumentError, Option, type Command } from "commander";
import { readSeed, writeNew } from "../files.ts";
import { printJson, printLines, type Terminal } from "../terminal.ts";
import { describeManifest } from "./describe-manifest.ts";

interface Flags {
  readonly key: string;
  readonly name: string;
  readonly version: string;
  readonly role: AttestedRole;
  readonly program: readonly Program[];
  readonly notBefore?: number;
  readonly expiresDays: number;
  readonly out?: string;
  readonly json?: true;
}

type Format = keyof ReleaseManifest["measurements"];

interface Program {
  readonly format: Format;
  readonly measurement: string;
  readonly configurationDigest: string;
}

const formats: readonly Format[] = ["aws-nitro", "sev-snp", "intel-tdx", "simulated"];

const notes = `
A manifest says which programs a release of one role is: each by its measurement and by the digest of its configuration
(SHA-384, 96 hex digits), for the hardware that vouches for it. docs/attestation.md says where both come from. It counts for
tenants whose policy names the signer for that role, in its window alone, and never once a tenant has withdrawn the
measurement.

Put it into the folder that CLOISTER_RELEASE_MANIFESTS_FOLDER names of each instance: it shows those of its own program.

Examples:
  cloister release sign --key release.key --name cloister --version 1.4.2 --role redaction \\
    --program sev-snp=MEASUREMENT,CONFIGURATION
  cloister release sign --key release.key --name cloister --version 1.4.2 --role redaction --expires-days 90 \\
    --program intel-tdx=MEASUREMENT_OF_8_CPUS,CONFIGURATION --program intel-tdx=MEASUREMENT_OF_16_CPUS,CONFIGURATION`;

/** Adds `cloister release sign`. It needs no running system. */
export function registerReleaseSign(release: Command, terminal: Terminal): void {
  release
    .command("sign")
    .summary("sign the manifest of a release")
    .description("Signs the manifest of a release of one role, writes it to a new file and shows it.")
    .requiredOption("--key <file>", "private key that `cloister release init` made")
    .requiredOption("--name <name>", "what is released")
    .requiredOption("--version <version>", "as which version")
    .addOption(new Option("--role <role>", "what it runs as").choices(attestedRoles).makeOptionMandatory())
    .requiredOption(
      "--program <hardware=measurement,configuration>",
      `a program, in hex; hardware is ${formats.join(", ")}; may be repeated`,
      addProgram,
    )
    .option("--not-before <time>", "when it begins to count, as 2027-01-31T06:00:00Z (default: now)", timeOf)
    .option("--expires-days <days>", "how long it counts from then on, at most 90 days", wholeNumber, 60)
    .option("--out <file>", "where to write it (default: <name>-<version>-<role>.note)")
    .option("--json", "print the manifest as JSON")
    .addHelpText("after", notes)
    .action((flags: Flags) => sign(flags, terminal));
}

async function sign(flags: Flags, terminal: Terminal): Promise<void> {
  const { name, version, role, key, expiresDays } = flags;
  const signer = signerFromSeed(await readSeed(key));
  const nowMs = systemClock.nowMs();
  // Clocks of other machines may be a little behind.
  const notBeforeMs = flags.notBefore ?? nowMs - 60_000;
  const notAfterMs = notBeforeMs + expiresDays * DAY_MS;
  const measurements = measurementsOf(flags.program);
  const manifest = manifestFromJson({ name, version, role, measurements, notBeforeMs, notAfterMs });
  const file = flags.out ?? `${name}-${version}-${role}.note`;
  await writeNew(file, signReleaseManifest(manifest, signer), 0o644);
  if (flags.json === true) printJson(terminal, { file, manifest: manifestToJson(manifest) });
  else printLines(terminal, [...describeManifest(manifest, nowMs), "", `Written to ${file}.`]);
}

function measurementsOf(programs: readonly Program[]): unknown {
  const named = formats.map((format) => {
    const own = programs.filter((program) => program.format === format);
    return [format, own.map(({ measurement, configurationDigest }) => ({ measurement, configurationDigest }))] as const;
  });
  return Object.fromEntries(named.filter(([, own]) => own.length > 0));
}

function addProgram(text: string, earlier: readonly Program[] = []): readonly Program[] {
  const [, hardware, measurement, configurationDigest] = /^([a-z-]+)=([0-9a-f]{96}),([0-9a-f]{96})$/u.exec(text) ?? [];
  const format = formats.find((one) => one === hardware);
  if (format === undefined || measurement === undefined || configurationDigest === undefined) {
    throw new InvalidArgumentError(
      `It reads hardware=measurement,configuration: one of ${formats.join(", ")}, and twice 96 hex digits.`,
    );
  }
  return [...earlier, { format, measurement, configurationDigest }];
}

function timeOf(text: string): number {
  const ms = Date.parse(text);
  if (!/^\d{4}-\d{2}-\d{2}T[\d:.]+Z$/u.test(text) || !Number.isSafeInteger(ms)) {
    throw new InvalidArgumentError("A time in UTC, as 2027-01-31T06:00:00Z.");
  }
  return ms;
}

function wholeNumber(text: string): number {
  const number = Number(text);
  if (!/^\d{1,9}$/u.test(text) || number < 1) throw new InvalidArgumentError("A whole number, 1 or more.");
  return number;
}
