import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "@jest/globals";
import { simulatedEvidenceSource, SimulatedRoot } from "@cloister/attestation/simulated";
import { InstanceIdentity } from "@cloister/keyring";
import { openMachine } from "@cloister/keyring/machine";
import { HOUR_MS, MAX_MANIFEST_BYTES, MAX_MANIFESTS, signerFromSeed, signReleaseManifest } from "@cloister/policy";
import { capturedLog, FakeClock } from "@cloister/testing";
import { withReleaseManifests } from "../src/adapters/release-manifests.ts";

const clock = new FakeClock(Date.UTC(2026, 10, 22, 12));
const program = {
  role: "redaction" as const,
  measurement: new Uint8Array(48).fill(5),
  configurationDigest: new Uint8Array(48).fill(6),
};
const { role, configurationDigest } = program;
const source = simulatedEvidenceSource(SimulatedRoot.create(), program, clock);
const signer = signerFromSeed(new Uint8Array(32).fill(7));

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "cloister-manifests-"));
});
afterEach(() => rm(folder, { recursive: true }));

type Manifest = Parameters<typeof signReleaseManifest>[0];

function manifest(changes: Partial<Manifest> = {}): Uint8Array {
  const fields: Manifest = {
    name: "cloister",
    version: "1.4.2",
    role,
    measurements: { simulated: [{ measurement: program.measurement, configurationDigest }] },
    notBeforeMs: clock.nowMs(),
    notAfterMs: clock.nowMs() + HOUR_MS,
    ...changes,
  };
  return signReleaseManifest(fields, signer);
}

const put = (name: string, bytes: Uint8Array): Promise<void> => writeFile(join(folder, name), bytes);

/** What an instance of that program shows, as its peers get it. */
async function shown(log = capturedLog("redaction").log): Promise<Uint8Array[]> {
  const identity = new InstanceIdentity({
    role,
    source: await withReleaseManifests(source, folder, program, log),
    configurationDigest,
    clock,
  });
  return (await identity.prove(new Uint8Array(32))).releaseManifests;
}

async function refusal(): Promise<string> {
  const error: unknown = await shown().catch((thrown: unknown) => thrown);
  return error instanceof Error ? error.message : "opened";
}

describe("an instance's release manifests", () => {
  it("are shown beside its evidence when they name its program, and no others are", async () => {
    const other = { measurement: new Uint8Array(48), configurationDigest };
    await put("1.note", manifest());
    await put("2.note", manifest({ role: "embedding" }));
    await put("3.note", manifest({ measurements: { simulated: [other] } }));
    const otherwise = { measurement: program.measurement, configurationDigest: new Uint8Array(48) };
    await put("4.note", manifest({ measurements: { simulated: [otherwise] } }));
    await put(
      "5.note",
      manifest({ measurements: { "sev-snp": [{ measurement: program.measurement, configurationDigest }] } }),
    );
    await put("readme.txt", Buffer.from("nothing"));
    expect(await shown()).toEqual([manifest()]);
  });

  it("are read anew each time, so that one is renewed without a restart", async () => {
    const identity = new InstanceIdentity({
      role,
      source: await withReleaseManifests(source, folder, program, capturedLog("redaction").log),
      configurationDigest,
      clock,
    });
    await put("1.note", manifest());
    expect((await identity.prove(new Uint8Array())).releaseManifests).toHaveLength(1);
  });

  it("are at most as many as count, those that last the longest", async () => {
    const all = Array.from({ length: MAX_MANIFESTS + 2 }, (_, hours) =>
      manifest({ notAfterMs: clock.nowMs() + (hours + 1) * HOUR_MS }),
    );
    await Promise.all(all.map((note, index) => put(`${index}.note`, note)));
    expect(await shown()).toEqual(all.slice(2).toReversed());
  });

  it.each<[string, () => Promise<void>, RegExp]>([
    [
      "holds something else",
      () => put("1.note", Buffer.from("hello\n")),
      /1\.note: it is no release manifest \(NOTE_MALFORMED\)/u,
    ],
    [
      "holds one that is too large",
      () => put("1.note", new Uint8Array(MAX_MANIFEST_BYTES + 1)),
      /\(MANIFEST_MALFORMED\)/u,
    ],
    [
      "isn't there",
      async () => {
        folder = join(folder, "elsewhere");
      },
      /it can't be read \(ENOENT\)/u,
    ],
    [
      "holds too many",
      async () => {
        await Promise.all(Array.from({ length: 65 }, (_, index) => put(`${index}.note`, manifest())));
      },
      /more than 64 manifests/u,
    ],
  ])("stop the start when their folder %s", async (_what, arrange, sentence) => {
    const made = folder;
    await arrange();
    const said = await refusal();
    folder = made;
    expect(said).toMatch(sentence);
  });

  it("are left out when they can't be read later on, which the log says", async () => {
    const { log, lines } = capturedLog("redaction");
    const identity = new InstanceIdentity({
      role,
      source: await withReleaseManifests(source, folder, program, log),
      configurationDigest,
      clock,
    });
    await put("1.note", manifest());
    await put("2.note", Buffer.from("a half of one"));
    expect((await identity.prove(new Uint8Array())).releaseManifests).toHaveLength(1);
    expect(lines.at(-1)).toMatch(/2\.note: it is no release manifest.*isn't shown/u);
  });

  it("come with the machine, by the folder that its environment names", async () => {
    const { log, lines } = capturedLog("redaction");
    const owner = { role, code: new URL("../src/channel/", import.meta.url), configuration: {}, clock, log };
    const environment = { simulatedRootFile: join(folder, "root"), releaseManifestsFolder: folder };
    const before = await openMachine(environment, owner);
    expect(lines.some((line) => line.includes("no release manifest in the folder names this program"))).toBe(true);
    const { measurement } = before;
    const named = { measurement, configurationDigest: before.configurationDigest };
    await put("1.note", manifest({ measurements: { simulated: [named] } }));
    expect(await (await openMachine(environment, owner)).evidence.releaseManifests?.()).toHaveLength(1);
  });
});
