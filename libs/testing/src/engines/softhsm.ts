import { execFile, execFileSync } from "node:child_process";
import { randomBytes } from "node:crypto";
import { existsSync } from "node:fs";
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { pathToFileURL } from "node:url";
import { cachedFolder } from "./engine-cache.ts";

const MODULES = [
  "/usr/lib/softhsm/libsofthsm2.so",
  "/usr/lib/x86_64-linux-gnu/softhsm/libsofthsm2.so",
  "/usr/lib/aarch64-linux-gnu/softhsm/libsofthsm2.so",
  "/usr/lib64/pkcs11/libsofthsm2.so",
];

const SDK = "pkcs11js@2.1.7";

export interface RunningSoftHsm {
  /** The PKCS#11 module, a shared library. */
  readonly module: string;
  /** The label of its one token. */
  readonly token: string;
  readonly pin: string;
  /** What a process that loads the module has in its environment. */
  readonly environment: Readonly<Record<string, string>>;
  /** `pkcs11js`, built for this Node: the URL to import it by. */
  readonly sdk: string;
  /** Makes AES keys of these labels that never leave the token, unless `attributes` say otherwise. */
  makeKeys(labels: readonly string[], attributes?: TokenKeyAttributes): Promise<void>;
  stop(): Promise<void>;
}

export interface TokenKeyAttributes {
  /** 32 without. */
  readonly bytes?: 16 | 24 | 32;
  readonly isExtractable?: boolean;
  readonly isDestroyable?: boolean;
}

/** The library reads its settings from the environment of its process, so keys are made in one of their own. */
const KEY_MAKER = `
  const [sdk, module, token, pin, labels, attributes] = process.argv.slice(1);
  const { default: p } = await import(sdk);
  const { bytes = 32, isExtractable = false, isDestroyable = true } = JSON.parse(attributes);
  const hsm = new p.PKCS11();
  hsm.load(module);
  hsm.C_Initialize();
  const slot = hsm.C_GetSlotList(true).find((one) => hsm.C_GetTokenInfo(one).label.trimEnd() === token);
  const session = hsm.C_OpenSession(slot, p.CKF_SERIAL_SESSION | p.CKF_RW_SESSION);
  hsm.C_Login(session, p.CKU_USER, pin);
  for (const label of JSON.parse(labels)) {
    hsm.C_GenerateKey(session, { mechanism: p.CKM_AES_KEY_GEN }, [
      { type: p.CKA_TOKEN, value: true },
      { type: p.CKA_PRIVATE, value: true },
      { type: p.CKA_LABEL, value: label },
      { type: p.CKA_VALUE_LEN, value: bytes },
      { type: p.CKA_ENCRYPT, value: true },
      { type: p.CKA_DECRYPT, value: true },
      { type: p.CKA_SENSITIVE, value: true },
      { type: p.CKA_EXTRACTABLE, value: isExtractable },
      { type: p.CKA_DESTROYABLE, value: isDestroyable },
    ]);
  }
`;

/** A SoftHSM with one empty token in a folder of its own. It has no process: it runs in whichever loads its module. */
export async function startSoftHsm(): Promise<RunningSoftHsm> {
  const sdk = await pkcs11Sdk();
  const folder = await mkdtemp(join(tmpdir(), "cloister-softhsm-"));
  await mkdir(join(folder, "tokens"));
  const settings = join(folder, "softhsm2.conf");
  await writeFile(settings, `directories.tokendir = ${join(folder, "tokens")}\nlog.level = ERROR\n`);
  const environment = { SOFTHSM2_CONF: settings };
  const [token, pin] = ["cloister", randomBytes(8).toString("hex")];
  await promisify(execFile)(
    "softhsm2-util",
    ["--init-token", "--free", "--label", token, "--pin", pin, "--so-pin", randomBytes(8).toString("hex")],
    { env: { ...process.env, ...environment } },
  );
  const module = modulePath() ?? "";
  return {
    module,
    token,
    pin,
    environment,
    sdk,
    async makeKeys(labels, attributes = {}) {
      const args = [sdk, module, token, pin, JSON.stringify(labels), JSON.stringify(attributes)];
      await promisify(execFile)(process.execPath, ["--input-type=module", "-e", KEY_MAKER, ...args], {
        env: { ...process.env, ...environment },
      });
    },
    stop: () => rm(folder, { recursive: true, force: true }),
  };
}

/** Why `startSoftHsm` would fail, with what to install; undefined when it won't. */
export function missingSoftHsm(): string | undefined {
  const missing = [
    ...(modulePath() === undefined || !answers("softhsm2-util") ? ["softhsm2"] : []),
    // pkcs11js is built from source.
    ...(answers("g++") && answers("make") ? [] : ["g++ make"]),
    ...(answers("python3") ? [] : ["python3"]),
  ];
  return missing.length === 0 ? undefined : `no SoftHSM to build for (apt-get install ${missing.join(" ")})`;
}

const modulePath = (): string | undefined => MODULES.find((path) => existsSync(path));

/** Not among the packages of this repository: everybody would build it, and only a deployment with an HSM needs it. */
async function pkcs11Sdk(): Promise<string> {
  const name = `pkcs11js-2.1.7-${process.versions.modules}`;
  const folder = await cachedFolder(name, async (target) => {
    await writeFile(join(target, "package.json"), JSON.stringify({ private: true, allowScripts: { pkcs11js: true } }));
    await promisify(execFile)("npm", ["install", "--no-audit", "--no-fund", SDK], { cwd: target });
  });
  return pathToFileURL(join(folder, "node_modules/pkcs11js/index.js")).href;
}

function answers(program: string): boolean {
  try {
    execFileSync(program, ["--version"], { stdio: "ignore" });
    return true;
  } catch {
    return false;
  }
}
