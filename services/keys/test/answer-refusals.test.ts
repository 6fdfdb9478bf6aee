import { describe, expect, it } from "@jest/globals";
import { Code, ConnectError, createClient, createRouterTransport } from "@connectrpc/connect";
import { AuthorityService } from "@cloister/contracts/keys/authority";
import { KeysError } from "@cloister/service-keys";
import { Audit } from "@cloister/service";
import { capturedLog } from "@cloister/testing";
import { answerRefusals } from "../src/doors/answer-refusals.ts";

const tenantId = new Uint8Array(16).fill(1);
const conversationId = new Uint8Array(16).fill(2);

/** A door behind which every call fails with this error: what the caller sees and what is written of it. */
async function behind(failure: Error, ids: { tenantId?: Uint8Array; conversationId?: Uint8Array } = {}) {
  const { log, lines } = capturedLog();
  const refuse = (): never => {
    throw failure;
  };
  const transport = createRouterTransport(
    (router) => router.service(AuthorityService, { renewConversation: refuse, getPolicy: refuse }),
    { router: { interceptors: [answerRefusals(log, new Audit(log))] } },
  );
  const call = createClient(AuthorityService, transport).renewConversation(ids);
  const error = await call.then(
    () => undefined,
    (thrown: unknown) => ConnectError.from(thrown),
  );
  const written = lines.map((line) => JSON.parse(line) as Readonly<Record<string, unknown>>);
  return { error, written, sentences: written.map(({ msg }) => msg) };
}

const refused = new KeysError("KEY_DESTROYED", "The conversation has ended.");

describe("a refusal", () => {
  it("is a code to the caller, and our own sentence in the log", async () => {
    const { error, written } = await behind(refused);
    expect(error).toMatchObject({ rawMessage: "KEY_DESTROYED", code: Code.FailedPrecondition });
    expect(written.find(({ msg }) => msg === "a call was refused")).toMatchObject({
      method: "RenewConversation",
      code: "KEY_DESTROYED",
    });
  });

  it("is audited, with the ids that the request names", async () => {
    const { written } = await behind(refused, { tenantId, conversationId });
    expect(written.find(({ msg }) => msg === "audit")).toMatchObject({
      at: "RenewConversation",
      code: "KEY_DESTROYED",
      tenantId: "01".repeat(16),
      conversationId: "02".repeat(16),
    });
  });

  it("is audited without what is no id", async () => {
    const { written } = await behind(refused, { tenantId: new Uint8Array(17).fill(1), conversationId });
    const audited = written.find(({ msg }) => msg === "audit");
    expect(audited).toMatchObject({ conversationId: "02".repeat(16) });
    expect(audited).not.toHaveProperty("tenantId");
  });
});

describe("a failure", () => {
  it("of ours is told as unavailability, and is not audited as somebody's attempt", async () => {
    const { error, sentences } = await behind(new TypeError("x is undefined"));
    expect(error).toMatchObject({ rawMessage: "UNAVAILABLE", code: Code.Unavailable });
    expect(sentences).toEqual(["a call failed"]);
  });

  it("of a KMS is none of the caller's either", async () => {
    const { error, sentences } = await behind(new KeysError("KMS_UNAVAILABLE", "The KMS doesn't answer."));
    expect(error).toMatchObject({ rawMessage: "KMS_UNAVAILABLE" });
    expect(sentences).toEqual(["a call failed"]);
  });
});
