import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe } from "@jest/globals";

const folder = join(import.meta.dirname, "../../../../shared/vectors/attestation");

/** `describe` of what needs evidence of real machines, which lies beside the repository and not in it. */
export function describeWithVectors(name: string, tests: () => void): void {
  if (existsSync(folder)) describe(name, tests);
  else describe.skip(`${name} (skipped: no ../shared/vectors/attestation beside the repository)`, tests);
}

export function vector(path: string): Uint8Array {
  return new Uint8Array(readFileSync(join(folder, path)));
}

export function jsonVector(path: string): unknown {
  return JSON.parse(readFileSync(join(folder, path), "utf8"));
}

/** Paths of the conformance cases' folders; none where there are no vectors. */
export function conformanceCases(): string[] {
  const root = "conformance";
  if (!existsSync(join(folder, root))) return [];
  return readdirSync(join(folder, root)).flatMap((family) =>
    readdirSync(join(folder, root, family)).map((name) => `${root}/${family}/${name}`),
  );
}
