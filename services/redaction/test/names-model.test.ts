import { cp, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from "@jest/globals";
import type { Policy } from "@cloister/policy";
import { SimulatedTenant } from "@cloister/testing/tenant";
import { deepModelFolder, measureNamesModel } from "@cloister/deep-names";
import { Detectors } from "../src/detectors.ts";
import { refusingModel } from "../src/refusing-model.ts";
import { securityConfiguration } from "../src/security-configuration.ts";
import { Redactor } from "../src/text-work/redactor.ts";
import { TextThread } from "../src/text-work/text-thread.ts";
import { messageOf } from "./opened-message.ts";

/** A table of tokens for a network, made by make-tiny-model.py beside it. */
const tinyModel = fileURLToPath(new URL("../../../libs/deep-names/test/tiny-model", import.meta.url));
const runtimePackage = "onnxruntime-node";

function isRuntimeInstalled(): boolean {
  try {
    createRequire(join(deepModelFolder, "package.json")).resolve(runtimePackage);
    return true;
  } catch {
    return false;
  }
}

const base = new SimulatedTenant(Date.UTC(2026, 10, 22, 12)).policy;
const policy: Policy = {
  ...base,
  block: [],
  redact: ["PERSON", "LOCATION", "ORGANIZATION", "CREDIT_CARD", "EMAIL_ADDRESS"],
  redaction: {},
};
const unusable = (reason: RegExp) =>
  expect.objectContaining({ code: "MODEL_UNUSABLE", message: expect.stringMatching(reason) });

function redactorWith(thread: TextThread): (text: string, by?: Policy) => Promise<string[]> {
  const redactor = new Redactor(new Detectors(), thread);
  return async (text, by = policy) => {
    const { inText } = await redactor.detect(messageOf(text), by);
    return inText.map(({ start, end, type }) => `${type} ${text.slice(start, end)}`);
  };
}

describe("a folder with a names model", () => {
  let folder = "";
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), "cloister-names-model-"));
    await cp(tinyModel, folder, { recursive: true });
  });
  afterEach(() => rm(folder, { recursive: true }));

  it.each(["model.onnx", "tokenizer.json", "config.json"])("is refused without %s", async (name) => {
    await rm(join(folder, name));
    await expect(refusingModel(measureNamesModel(folder))).rejects.toThrow(
      unusable(new RegExp(`${name} can't be read`)),
    );
  });

  it.each([
    ["tokenizer.json", "{", /tokenizer\.json is not a JSON object/],
    ["config.json", "[]", /config\.json is not a JSON object/],
    ["config.json", "{}", /no id2label/],
    ["config.json", '{"id2label": {"0": "O", "2": "B-PER"}}', /leaves out a number/],
    ["config.json", '{"id2label": {"0": "O", "1": "B-MISC"}}', /none of its labels/],
    ["config.json", '{"id2label": {"0": "B-PER"}, "max_position_embeddings": 1}', /positions that can't be/],
    ["config.json", '{"id2label": {"0": "B-PER"}, "only_script": "Klingon"}', /no script of Unicode/],
    ["tokenizer_config.json", "no", /tokenizer_config\.json is not a JSON object/],
  ])("is refused where %s is %j", async (name, content, reason) => {
    await writeFile(join(folder, name), content);
    await expect(refusingModel(measureNamesModel(folder))).rejects.toThrow(unusable(reason));
  });

  it("is refused where its network keeps weights in a file of their own, which no digest would cover", async () => {
    const path = join(folder, "model.onnx");
    const entry = Buffer.from("\n\blocation\u0012\u000bweights.bin", "latin1");
    await writeFile(path, Buffer.concat([await readFile(path), entry]));
    await expect(refusingModel(measureNamesModel(folder))).rejects.toThrow(unusable(/weights in other files/));
  });

  it("is another security configuration with another file", async () => {
    const before = await measureNamesModel(folder);
    await writeFile(join(folder, "tokenizer_config.json"), "{}");
    const after = await measureNamesModel(folder);
    expect(before.digestHex).toMatch(/^[0-9a-f]{64}$/);
    expect(after.digestHex).not.toBe(before.digestHex);
    expect(securityConfiguration({ namesModelDigestHex: after.digestHex })).toEqual({
      role: "redaction",
      namesModel: after.digestHex,
    });
  });

  it("keeps the service from starting when it changed after it was measured", async () => {
    const measured = await measureNamesModel(folder);
    await writeFile(join(folder, "config.json"), `${await readFile(join(folder, "config.json"), "utf8")} `);
    const opening = refusingModel(new TextThread(measured).openModel());
    await expect(opening).rejects.toThrow(unusable(/changed since they were measured/));
  });

  it("keeps the service from starting with a tokenizer that can't be opened", async () => {
    await writeFile(join(folder, "tokenizer.json"), "{}");
    const opening = refusingModel(new TextThread(await measureNamesModel(folder)).openModel());
    await expect(opening).rejects.toThrow(unusable(/not a tokenizer/));
  });

  if (isRuntimeInstalled()) {
    it("keeps the service from starting with a network that can't be loaded", async () => {
      await writeFile(join(folder, "model.onnx"), "not a network");
      const opening = refusingModel(new TextThread(await measureNamesModel(folder)).openModel());
      await expect(opening).rejects.toThrow(unusable(/not a network/));
    });

    it("keeps the service from starting with labels that aren't those of the network", async () => {
      await writeFile(join(folder, "config.json"), '{"id2label": {"0": "O", "1": "B-PER"}}');
      const opening = refusingModel(new TextThread(await measureNamesModel(folder)).openModel());
      await expect(opening).rejects.toThrow(unusable(/another number of logits/));
    });
  } else {
    it("keeps the service from starting without the runtime", async () => {
      const opening = refusingModel(new TextThread(await measureNamesModel(folder)).openModel());
      await expect(opening).rejects.toThrow(unusable(/onnxruntime-node is not installed/));
    });
  }
});

/** A suite that needs the optional runtime, which is too large to be installed for everybody. */
function describeWithRuntime(name: string, suite: () => void): void {
  if (isRuntimeInstalled()) {
    describe(name, suite);
    return;
  }
  const reason = `no package ${runtimePackage}, see docs/redaction.md`;
  process.stderr.write(`SKIPPED ${name}: ${reason}\n`);
  describe(name, () => {
    it.skip(`needs the ONNX runtime (skipped: ${reason})`, () => undefined);
  });
}

describe("a policy that asks for depth deep", () => {
  const deep: Policy = { ...policy, redaction: { depth: "deep" } };
  const refused = expect.objectContaining({
    code: "REGULATED_DATA_BLOCKED",
    message: expect.stringContaining("CLOISTER_REDACTION_ONNX_MODEL"),
  });

  it("is refused by an instance without a model", async () => {
    await expect(redactorWith(new TextThread())("I am Ada.", deep)).rejects.toThrow(refused);
  });

  it("is refused by an instance with another model", async () => {
    const thread = new TextThread(await measureNamesModel(tinyModel));
    await expect(redactorWith(thread)("I am Ada.", deep)).rejects.toThrow(refused);
  });
});

describeWithRuntime("redaction of depth deep", () => {
  let thread = new TextThread();
  beforeAll(async () => {
    thread = new TextThread(await measureNamesModel(deepModelFolder));
    await thread.openModel();
  });
  afterAll(() => thread.close());

  const text = "my sister aoife works with chidi okonkwo";
  const deep: Policy = { ...policy, redaction: { depth: "deep" } };

  it.each([
    [text, "PERSON aoife"],
    ["MY SISTER AOIFE IS ILL", "PERSON AOIFE"],
    ["we met in lagos, then flew to berlin", "LOCATION lagos"],
    ["Why did Lenovo buy it?", "ORGANIZATION Lenovo"],
  ])("finds in %j: %s", async (said, expected) => {
    expect(await redactorWith(thread)(said, deep)).toContain(expected);
  });

  it("finds nobody where nobody is", async () => {
    expect(await redactorWith(thread)("the card was declined again, can you tell me why?", deep)).toEqual([]);
  });

  it("reads with the detectors alone where no policy asks for more", async () => {
    expect(await redactorWith(thread)(text)).toEqual(await redactorWith(new TextThread())(text));
  });
});

describeWithRuntime("redaction with a names model of the user's", () => {
  let thread = new TextThread();
  let found = async (_text: string, _by?: Policy): Promise<string[]> => [];
  beforeAll(async () => {
    thread = new TextThread(await measureNamesModel(tinyModel));
    await thread.openModel();
    found = redactorWith(thread);
  });
  afterAll(() => thread.close());

  it("finds what the model finds, beside what is found without it", async () => {
    const text = "\u{1F642} We sent zorblax quentor to Maria Schneider about vrillheim, mail x@example.org.";
    expect(await redactorWith(new TextThread())(text)).toEqual([
      "PERSON Maria Schneider",
      "EMAIL_ADDRESS x@example.org",
    ]);
    expect(await found(text)).toEqual([
      "PERSON zorblax quentor",
      "PERSON Maria Schneider",
      "LOCATION vrillheim",
      "EMAIL_ADDRESS x@example.org",
    ]);
  });

  it("reads the normal form, and gives places in the text as it was typed", async () => {
    expect(await found("the \uff5a\uff4f\uff52blax and gn\u200barp ltd")).toEqual([
      "PERSON \uff5a\uff4f\uff52blax",
      "ORGANIZATION gn\u200barp ltd",
    ]);
  });

  it("takes no number from the patterns", async () => {
    expect(await found("card 4111 1111 1111 1111 of zorblax")).toEqual([
      "CREDIT_CARD 4111 1111 1111 1111",
      "PERSON zorblax",
    ]);
  });

  it("obeys the policy's kinds, thresholds and lists", async () => {
    const by: Policy = {
      ...policy,
      redact: ["PERSON", "LOCATION"],
      redaction: { allow: ["Vrillheim"], thresholds: { PERSON: 0.98 } },
    };
    expect(await found("zorblax of gnarp ltd in vrillheim", by)).toEqual([]);
    expect(await found("zorblax of gnarp ltd in vrillheim", { ...by, redaction: {} })).toEqual([
      "PERSON zorblax",
      "LOCATION vrillheim",
    ]);
  });

  it("reads long texts to their end, and answers several in their order", async () => {
    const texts = [1, 2, 3].map((n) => `${"all is well here. ".repeat(1_000 * n)}zorblax wrote ${n}@example.org`);
    expect(await Promise.all(texts.map((text) => found(text)))).toEqual(
      [1, 2, 3].map((n) => ["PERSON zorblax", `EMAIL_ADDRESS ${n}@example.org`]),
    );
  });

  it("refuses a text that is longer than the model may read", async () => {
    const refused = found("a ".repeat(70_000));
    await expect(refused).rejects.toThrow(expect.objectContaining({ code: "REGULATED_DATA_BLOCKED" }));
  });

  it("loads the model again when its thread has ended", async () => {
    await thread.close();
    expect(await found("zorblax")).toEqual(["PERSON zorblax"]);
  });
});
