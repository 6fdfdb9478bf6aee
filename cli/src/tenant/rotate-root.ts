import { randomBytes } from "node:crypto";
import {
  readUnverifiedPolicy,
  signerFromSeed,
  signPolicy,
  signRootRotation,
  verifyPolicy,
  type NoteSigner,
  type Policy,
} from "@cloister/policy";
import { systemClock } from "@cloister/service";
import type { Command } from "commander";
import { CliError } from "../cli-error.ts";
import { fileExists, readBytes, readSeed, writeNew } from "../files.ts";
import { hexOf, printJson, printLines, type Terminal } from "../terminal.ts";
import {
  nextPolicyVersion,
  policyFileOf,
  readTenant,
  rootHistory,
  rootKeyFileOf,
  rootSigner,
  rotationFileOf,
  tenantIdOf,
  type Tenant,
} from "./tenant-folder.ts";

interface Flags {
  readonly tenant: string;
  readonly json?: true;
}

/** As many as a chain of trust may carry. */
const MAX_ROTATIONS = 15;
/** Clocks of other machines may be a little behind. */
const BEFORE_MS = 60_000;

const notes = `
It needs no running system: do it where the root is. The folder then holds root-<n>.key, the new root (a key that lies
there already is taken), and root-rotation-<n>.note, by which the root that steps down names it; later policies are signed
by the new one. The newest policy is signed once more under it, as the next version, unless it has expired. With
\`cloister policy apply\` the new root comes into force: from then on \`keys\` refuses whatever the old one signs, and
applications go on without a change, since the tenant's id stays and each answer brings the rotations along.

A tenant that unlocks keys by its root unlocks once more then: other instances of keys are passed on no credential that
an old root signed for. Keep a copy of the new key offline, and destroy the old one when the new policy is in force.

Examples:
  cloister tenant rotate-root --tenant ./tenant
  cloister tenant rotate-root --tenant ./tenant --json`;

/** Adds `cloister tenant rotate-root`. */
export function registerRotateRoot(tenant: Command, terminal: Terminal): void {
  tenant
    .command("rotate-root")
    .summary("make another root key, named by the one that steps down")
    .description("Makes another root key, has the one that steps down sign for it, and signs the newest policy anew.")
    .requiredOption("--tenant <folder>", "folder that `cloister tenant init` made")
    .option("--json", 'print {"tenantId", "index", "newRoot", "rootKeyFile", "rotationFile", "policyFile"}')
    .addHelpText("after", notes)
    .action((flags: Flags) => rotateRoot(flags, terminal));
}

async function rotateRoot({ tenant: folder, json }: Flags, terminal: Terminal): Promise<void> {
  const tenant = await readTenant(folder);
  const { roots } = await rootHistory(folder, tenant);
  const index = roots.length;
  if (index > MAX_ROTATIONS) {
    const sentence = `The tenant's root was rotated ${MAX_ROTATIONS} times, which is as often as it can be: make a new tenant.`;
    throw new CliError("ROOTS_EXHAUSTED", sentence);
  }
  const previous = await rootSigner(folder, tenant);
  const newest = await newestPolicy(folder, tenant, roots);
  const rootKeyFile = rootKeyFileOf(folder, index);
  const rotationFile = rotationFileOf(folder, index);
  const next = await newRoot(rootKeyFile);
  const nowMs = systemClock.nowMs();
  const rotation = { tenantId: tenantIdOf(tenant), index, newRoot: next.publicKey, issuedAtMs: nowMs };
  await writeNew(rotationFile, signRootRotation(rotation, previous), 0o644);
  const policyFile = newest === undefined ? undefined : policyFileOf(folder, newest.version + 1);
  if (newest !== undefined && policyFile !== undefined) {
    const { version } = newest;
    const policy = {
      ...newest,
      version: version + 1,
      roots: [...roots, next.publicKey],
      notBeforeMs: nowMs - BEFORE_MS,
    };
    await writeNew(policyFile, signPolicy(policy, next), 0o644);
  }
  if (json === true) {
    const newRootHex = hexOf(next.publicKey);
    printJson(terminal, {
      tenantId: tenant.tenantId,
      index,
      newRoot: newRootHex,
      rootKeyFile,
      rotationFile,
      policyFile,
    });
    return;
  }
  printLines(terminal, [
    `Root ${index + 1} of tenant ${tenant.name}: ${hexOf(next.publicKey)}`,
    "",
    `  ${rootKeyFile}  signs from now on; keep a copy offline`,
    `  ${rotationFile}  the old root's word for it; public`,
    ...(policyFile === undefined ? [] : [`  ${policyFile}  the newest policy, signed by the new root`]),
    "",
    policyFile === undefined
      ? `Next: cloister policy sign --tenant ${folder}, then apply it: the new root comes into force with a policy.`
      : `Next: cloister policy apply ${policyFile} --tenant ${folder} --yes`,
    `Then destroy ${rootKeyFileOf(folder, index - 1)} and its copies: nothing that it signs counts any more.`,
  ]);
}

/** One that lies there, made elsewhere or by a run that was stopped, or a new one. */
async function newRoot(path: string): Promise<NoteSigner> {
  if (await fileExists(path)) return signerFromSeed(await readSeed(path));
  const seed = randomBytes(32);
  await writeNew(path, `${hexOf(seed)}\n`, 0o600);
  return signerFromSeed(seed);
}

/** The newest in the folder; undefined where there is none that lasts. @throws PolicyError when its root did not sign it */
async function newestPolicy(folder: string, tenant: Tenant, roots: readonly Uint8Array[]): Promise<Policy | undefined> {
  const version = (await nextPolicyVersion(folder)) - 1;
  if (version === 0) return undefined;
  const note = await readBytes(policyFileOf(folder, version));
  const { roots: itsRoots, notBeforeMs } = readUnverifiedPolicy(note);
  const { policy } = verifyPolicy(note, {
    tenantId: tenantIdOf(tenant),
    // A rotation may have been made since.
    roots: roots.slice(0, itsRoots.length),
    nowMs: notBeforeMs,
    allowDevelopment: true,
  });
  return systemClock.nowMs() < policy.expiresAtMs ? policy : undefined;
}
