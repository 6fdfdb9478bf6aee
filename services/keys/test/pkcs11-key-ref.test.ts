import { describe, expect, it } from "@jest/globals";
import { tokenKeyOf } from "../src/adapters/pkcs11/pkcs11-key-ref.ts";
import { codeOf } from "./codes.ts";

describe("a PKCS#11 URI in a policy", () => {
  it.each([
    ["pkcs11:token=cloister;object=kek", { token: "cloister", label: "kek" }],
    ["pkcs11:object=kek;token=cloister;type=secret-key", { token: "cloister", label: "kek" }],
    ["pkcs11:token=a%20token;id=%01%fe", { token: "a token", idHex: "01fe" }],
    ["pkcs11:token=t;object=k%C3%B6nig;id=%00", { token: "t", label: "könig", idHex: "00" }],
  ])("names its key: %s", (keyRef, named) => {
    expect(tokenKeyOf({ keyRef })).toEqual(named);
  });

  it.each([
    "",
    "kek",
    "pkcs11:",
    "pkcs11:token=cloister",
    "pkcs11:object=kek",
    "pkcs11:token=cloister;object=kek;object=other",
    "pkcs11:token=cloister;object=kek;type=private",
    "pkcs11:token=cloister;object=kek;pin-value=1234",
    "pkcs11:token=cloister;object=kek?pin-value=1234",
    "pkcs11:token=cloister;object=%zz",
    "pkcs12:token=cloister;object=kek",
  ])("is refused when it names none, or more than the key: %j", (keyRef) => {
    expect(codeOf(() => tokenKeyOf({ keyRef }))).toBe("KMS_KEY_REF_INVALID");
  });
});
