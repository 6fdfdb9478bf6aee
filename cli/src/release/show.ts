import { isAllowedAt } from "@cloister/attestation";
import {
  manifestToJson,
  readUnverifiedManifest,
  releasedMeasurements,
  type Policy,
  type ReleaseManifest,
} from "@cloister/policy";
import { systemClock } from "@cloister/service";
import type { Command } from "commander";
import { CliError } from "../cli-error.ts";
import { readBytes } from "../files.ts";
import { readSignedPolicy } from "../policy/policy-note.ts";
import { hexOf, printJson, printLines, type Terminal } from "../terminal.ts";
import { describeManifest } from "./describe-manifest.ts";

interface Flags {
  readonly policy?: string;
  readonly json?: true;
}

const notes = `
Without --policy it says what the file says, whoever signed it. With --policy it says, too, whether the manifest counts
for that tenant at this moment: signed by whom the policy names for the role, in its window, nothing of it withdrawn. If it
doesn't, the command ends with RELEASE_NOT_ALLOWED and exit code 1.

Examples:
  cloister release show cloister-1.4.2-redaction.note
  cloister release show cloister-1.4.2-redaction.note --policy ./tenant/policy-2.note`;

/** Adds `cloister release show`. It needs no running system. */
export function registerReleaseShow(release: Command, terminal: Terminal): void {
  release
    .command("show")
    .summary("say what a manifest says, and whether it counts under a policy")
    .description("Says what a release manifest says and, with --policy, whether it counts under that policy now.")
    .argument("<file>", "the signed manifest")
    .option("--policy <file>", "a tenant's signed policy")
    .option("--json", "print as JSON")
    .addHelpText("after", notes)
    .action((file: string, flags: Flags) => show(file, flags, terminal));
}

async function show(file: string, flags: Flags, terminal: Terminal): Promise<void> {
  const note = await readBytes(file);
  const manifest = readUnverifiedManifest(note);
  const nowMs = systemClock.nowMs();
  const policy = flags.policy === undefined ? undefined : readSignedPolicy(await readBytes(flags.policy)).policy;
  const refusal = policy && whyNot(note, manifest, policy, nowMs);
  const counts = policy === undefined ? null : refusal === undefined;
  if (flags.json === true) printJson(terminal, { counts, manifest: manifestToJson(manifest) });
  else printLines(terminal, [...describeManifest(manifest, nowMs), "", verdict(counts)]);
  if (refusal !== undefined) throw new CliError("RELEASE_NOT_ALLOWED", refusal);
}

function verdict(counts: boolean | null): string {
  if (counts === null) return "Whether it counts is each tenant's policy's to say: name one by --policy.";
  return counts ? "It counts under this policy." : "It doesn't count under this policy.";
}

/** Why it doesn't count under the policy; undefined when it does. @throws PolicyError SIGNATURE_INVALID for one that was changed */
function whyNot(note: Uint8Array, manifest: ReleaseManifest, policy: Policy, nowMs: number): string | undefined {
  const { allowed, ignored } = releasedMeasurements(policy, manifest.role, [note]);
  const [reason] = ignored;
  if (reason !== undefined) return reason;
  if (!isAllowedAt(manifest, nowMs)) return "Its window is over, or has not begun.";
  const withdrawn = new Set((policy.withdrawn ?? []).map(hexOf));
  const gone = [...allowed.keys()].filter(({ measurement }) => withdrawn.has(hexOf(measurement)));
  return gone.length === 0 ? undefined : `The policy has withdrawn ${String(gone.length)} of its programs.`;
}
