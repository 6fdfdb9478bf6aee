import { create } from "@bufbuild/protobuf";
import { Code, ConnectError, createRouterTransport } from "@connectrpc/connect";
import { describe, expect, it } from "@jest/globals";
import { AuthorityService, GetPolicyRequestSchema } from "@cloister/contracts/keys/authority";
import { KEYS_ERROR_HEADER } from "@cloister/contracts/keys/errors";
import { connectAuthority } from "../src/adapters/connect-authority.ts";

/** What a caller is refused with while `keys` refuses so. */
function refusalTo(status: Code, headers: Readonly<Record<string, string>>): Promise<unknown> {
  const transport = createRouterTransport(({ service }) => {
    service(AuthorityService, {
      getPolicy: () => {
        throw new ConnectError("refused", status, headers);
      },
    });
  });
  return connectAuthority(transport)
    .getPolicy(create(GetPolicyRequestSchema))
    .then(
      () => "answered",
      (error: unknown) => error,
    );
}

describe("a refusal of keys at the doors of ingest", () => {
  it("says when to come again, as keys says it to who calls too often", async () => {
    const refusal = await refusalTo(Code.ResourceExhausted, {
      [KEYS_ERROR_HEADER]: "TOO_MANY_CALLS",
      "retry-after": "7",
    });
    expect(refusal).toMatchObject({ code: "AUTHORITY_UNAVAILABLE", status: 503, headers: { "retry-after": "7" } });
  });

  it.each([
    ["3600", "60"],
    ["0", "1"],
    ["soon", "1"],
    ["Fri, 31 Dec 1999 23:59:59 GMT", "1"],
  ])("hands on no %s: whole seconds, up to a minute", async (said, handedOn) => {
    const refusal = await refusalTo(Code.Unavailable, {
      [KEYS_ERROR_HEADER]: "KMS_UNAVAILABLE",
      "retry-after": said,
    });
    expect(refusal).toMatchObject({ status: 503, headers: { "retry-after": handedOn } });
  });

  it("says nothing of that where keys refuses for good", async () => {
    const refusal = await refusalTo(Code.NotFound, { [KEYS_ERROR_HEADER]: "TENANT_UNKNOWN" });
    expect(refusal).toMatchObject({ code: "TENANT_UNKNOWN", headers: {} });
  });
});
