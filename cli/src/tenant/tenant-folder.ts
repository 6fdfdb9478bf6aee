import { mkdir, readdir } from "node:fs/promises";
import { join } from "node:path";
import { deriveTenantId, type TenantId } from "@cloister/envelope";
import { PolicyError, signerFromSeed, verifyRoots, type NoteSigner } from "@cloister/policy";
import { codeOf } from "@cloister/service";
import { z } from "zod";
import { CliError } from "../cli-error.ts";
import { fileExists, readBytes, readJson, readSeed, writeNew } from "../files.ts";
import { hexOf } from "../terminal.ts";

const hex32 = z.string().regex(/^[0-9a-f]{64}$/);

const schema = z.strictObject({
  format: z.literal("cloister/v1 tenant folder"),
  name: z.string().min(1),
  tenantId: z.string().regex(/^[0-9a-f]{32}$/),
  genesisRoot: hex32,
  admissionIssuer: z.strictObject({ name: z.string(), publicKey: hex32 }),
});

/** What the tenant keeps: the public part in tenant.json, the two secret seeds beside it. */
export type Tenant = z.output<typeof schema>;

/** The name under which a policy lists the issuer that `tenant init` makes. */
const ISSUER_NAME = "app-backend";
const TENANT_FILE = "tenant.json";
const GENESIS_ROOT_FILE = "root.key";
const ADMISSION_FILE = "admission.key";

/**
 * Makes a tenant: a folder (0700) with two seeds (0600, hex) and what is public of them. Nothing is ever overwritten.
 * @throws CliError FILE_EXISTS, FILE_UNWRITABLE
 */
export async function makeTenant(
  folder: string,
  name: string,
  randomBytes: (length: number) => Uint8Array,
): Promise<Tenant> {
  await mkdir(folder, { recursive: true, mode: 0o700 }).catch((error: unknown) => {
    throw new CliError("FILE_UNWRITABLE", `The folder ${folder} can't be made (${codeOf(error)}).`);
  });
  const [rootSeed, admissionSeed] = [randomBytes(32), randomBytes(32)];
  const root = signerFromSeed(rootSeed);
  const tenant: Tenant = {
    format: "cloister/v1 tenant folder",
    name,
    tenantId: hexOf(deriveTenantId(root.publicKey)),
    genesisRoot: hexOf(root.publicKey),
    admissionIssuer: { name: ISSUER_NAME, publicKey: hexOf(signerFromSeed(admissionSeed).publicKey) },
  };
  // The root first: where one lies already, nothing else is written.
  await writeNew(join(folder, GENESIS_ROOT_FILE), `${hexOf(rootSeed)}\n`, 0o600);
  await writeNew(join(folder, ADMISSION_FILE), `${hexOf(admissionSeed)}\n`, 0o600);
  await writeNew(join(folder, TENANT_FILE), `${JSON.stringify(tenant, null, 2)}\n`, 0o644);
  return tenant;
}

/** @throws CliError TENANT_MALFORMED when none is there or the id isn't its root's; FILE_UNREADABLE */
export async function readTenant(folder: string): Promise<Tenant> {
  const path = join(folder, TENANT_FILE);
  if (!(await fileExists(path))) {
    const sentence = `There is no tenant in ${folder}: name its folder, or make one with \`cloister tenant init --out ${folder}\`.`;
    throw new CliError("TENANT_MALFORMED", sentence);
  }
  const parsed = schema.safeParse(await readJson(path));
  if (!parsed.success || hexOf(tenantIdOf(parsed.data)) !== parsed.data.tenantId) {
    throw new CliError("TENANT_MALFORMED", `${path} is no tenant that \`cloister tenant init\` made.`);
  }
  return parsed.data;
}

/** Derived, not read: 16 bytes that commit to the root. */
export function tenantIdOf({ genesisRoot }: Tenant): TenantId {
  return deriveTenantId(Buffer.from(genesisRoot, "hex"));
}

/** The seed of the root that the rotation of this number named; 0 is the first root. */
export const rootKeyFileOf = (folder: string, index: number): string =>
  join(folder, index === 0 ? GENESIS_ROOT_FILE : `root-${index}.key`);

/** The note in which the root before names its successor; public. */
export const rotationFileOf = (folder: string, index: number): string => join(folder, `root-rotation-${index}.note`);

/** The tenant's roots, and what ties each to the one before. */
export interface RootHistory {
  readonly genesisRoot: Uint8Array;
  /** Signed notes, oldest first. */
  readonly rootRotations: readonly Uint8Array[];
  /** Ed25519 public keys, genesis first; the last one signs. */
  readonly roots: readonly Uint8Array[];
}

/** @throws CliError FILE_UNREADABLE; TENANT_MALFORMED when a rotation is not signed by the root before it */
export async function rootHistory(folder: string, tenant: Tenant): Promise<RootHistory> {
  const genesisRoot = Buffer.from(tenant.genesisRoot, "hex");
  const rootRotations: Uint8Array[] = [];
  for (let path = rotationFileOf(folder, 1); await fileExists(path);) {
    rootRotations.push(await readBytes(path));
    path = rotationFileOf(folder, rootRotations.length + 1);
  }
  try {
    return { genesisRoot, rootRotations, roots: verifyRoots(tenantIdOf(tenant), genesisRoot, rootRotations) };
  } catch (cause) {
    if (!(cause instanceof PolicyError)) throw cause;
    const sentence = `A root rotation in ${folder} does not follow from the tenant's first root: restore its notes.`;
    throw new CliError("TENANT_MALFORMED", sentence, { cause });
  }
}

/** The newest root. @throws CliError FILE_UNREADABLE, KEY_FILE_OPEN, TENANT_MALFORMED when it is another tenant's */
export async function rootSigner(folder: string, tenant: Tenant): Promise<NoteSigner> {
  const { roots } = await rootHistory(folder, tenant);
  const path = rootKeyFileOf(folder, roots.length - 1);
  const signer = signerFromSeed(await readSeed(path));
  if (hexOf(signer.publicKey) !== hexOf(roots.at(-1) ?? new Uint8Array())) {
    throw new CliError("TENANT_MALFORMED", `${path} is not the newest root key of the tenant in ${folder}.`);
  }
  return signer;
}

/** What the application's backend signs admissions with. @throws CliError as `rootSigner` */
export async function admissionSigner(folder: string, tenant: Tenant): Promise<NoteSigner> {
  const path = join(folder, ADMISSION_FILE);
  const signer = signerFromSeed(await readSeed(path));
  if (hexOf(signer.publicKey) !== tenant.admissionIssuer.publicKey) {
    throw new CliError("TENANT_MALFORMED", `${path} is not the admission key of the tenant in ${folder}.`);
  }
  return signer;
}

/** policy-<version>.note, where `policy sign` puts it unless told otherwise. */
export const policyFileOf = (folder: string, version: number): string => join(folder, `policy-${version}.note`);

/** One more than the newest policy in the tenant's folder. */
export async function nextPolicyVersion(folder: string): Promise<number> {
  const versions = (await readdir(folder)).map((name) => Number(/^policy-(\d{1,9})\.note$/.exec(name)?.[1] ?? 0));
  return Math.max(0, ...versions) + 1;
}
