import { randomBytes } from "node:crypto";
import { beforeAll, expect, it, jest } from "@jest/globals";
import { CreateKeyCommand, KMSClient } from "@aws-sdk/client-kms";
import type { Kek } from "@cloister/service-keys";
import { describeOnMoto } from "@cloister/testing";
import { AwsKms } from "../src/adapters/aws/aws-kms.ts";
import { codeOfAsync } from "./codes.ts";
import { keyWrapperContract } from "./key-wrapper-contract.ts";
import { nitroDocument } from "./nitro.ts";

// An engine and the machine may be busy.
jest.setTimeout(60_000);

const credentials = { accessKeyId: "AKIAIOSFODNN7EXAMPLE", secretAccessKey: "not a secret" };
const region = "eu-central-1";

describeOnMoto("KEKs in AWS KMS, by moto", (moto) => {
  let wrapper: AwsKms;
  let owner: KMSClient;
  beforeAll(async () => {
    owner = new KMSClient({ region, credentials, endpoint: moto().url });
    wrapper = await AwsKms.open({ region, credentials, endpoint: moto().url });
  });

  const kekOf = (keyRef: string): Kek => ({
    tenantId: new Uint8Array(16).fill(1),
    provider: "aws-kms",
    keyRef,
    trustsCredential: true,
  });
  const newKek = async (): Promise<Kek> =>
    kekOf((await owner.send(new CreateKeyCommand({ KeyUsage: "ENCRYPT_DECRYPT" }))).KeyMetadata?.Arn ?? "");
  const absentKek = (): Kek =>
    kekOf(
      `arn:aws:kms:${region}:123456789012:key/${randomBytes(16)
        .toString("hex")
        .replace(/(.{8})(.{4})(.{4})(.{4})/u, "$1-$2-$3-$4-")}`,
    );

  keyWrapperContract(() => ({ wrapper, newKek, absentKek }), {
    destroys: "after-window",
    isExportable: false,
    refusalOfAnotherKek: "KMS_PERMISSION_DENIED",
  });

  it("refuses an answer in clear where an enclave asked for a sealed one", async () => {
    const document = async (publicKey: Uint8Array) => nitroDocument(randomBytes(48), publicKey);
    const enclave = await AwsKms.open({ region, credentials, endpoint: moto().url, document });
    const kek = await newKek();
    const wrapped = await enclave.wrap(kek, randomBytes(32), Buffer.from("context"));
    expect(await codeOfAsync(enclave.unwrap(kek, wrapped, Buffer.from("context")))).toBe("KMS_ANSWER_MALFORMED");
  });
});
