import { afterAll, beforeAll, describe, expect, it, jest } from "@jest/globals";
import type { Policy } from "@cloister/policy";
import { say, type OpenedConversation } from "./device.ts";
import { RedactionWorld } from "./redaction-world.ts";

// Databases are started and migrated first, on machines that may be busy.
jest.setTimeout(60_000);

const rules: Policy["redaction"] = {
  actions: { PERSON: "hash", EMAIL_ADDRESS: "mask", DATE_TIME: "generalize", EMPLOYEE_ID: "placeholder" },
  patterns: [{ name: "EMPLOYEE_ID", pattern: "\\bE-[0-9]{6}\\b" }],
};
const said = "I am Marisol Quintanilla (E-104223), born on 7 July 1977, write to marisol@example.org.";

describe("redaction by the rules of a policy, on keys of the real keys service", () => {
  let redaction: RedactionWorld;
  const openUnder = async (choices: Partial<Policy>): Promise<OpenedConversation> => {
    const tenant = await redaction.world.newTenant({ redact: ["PERSON", "EMAIL_ADDRESS", "DATE_TIME"], ...choices });
    return redaction.world.open(tenant);
  };
  const sendIn = async (conversation: OpenedConversation, seq: number, text: string) => {
    const message = say(conversation, redaction.world.clock.nowMs(), seq, text);
    await redaction.send(message);
    return message;
  };

  beforeAll(async () => {
    redaction = await RedactionWorld.start();
  });
  afterAll(() => redaction.close());

  it("gives the model hashes, masks and years, and the reader the map of placeholders alone", async () => {
    const conversation = await openUnder({ redaction: rules });
    const message = await sendIn(conversation, 1, said);
    expect(await redaction.redactedText(message)).toMatch(
      /^I am \[PERSON#[0-9a-f]{16}\] \(\[EMPLOYEE_ID_1\]\), born on 1977, write to \*{4}\.$/,
    );
    const { entries, hashKey } = await redaction.delta(conversation, message, conversation.device.kem);
    expect(entries).toMatchObject([{ placeholder: "[EMPLOYEE_ID_1]", value: "E-104223", isWithheld: false }]);
    expect(hashKey).toHaveLength(0);
  });

  it("hashes a value alike in all turns of a conversation, also after a restart, and otherwise in another", async () => {
    const [one, other] = [await openUnder({ redaction: rules }), await openUnder({ redaction: rules })];
    const first = await redaction.redactedText(await sendIn(one, 1, "I am Marisol Quintanilla."));
    await redaction.stopService();
    await redaction.startService();
    const later = await redaction.redactedText(await sendIn(one, 2, "I am MARISOL QUINTANILLA."));
    expect(later).toBe(first);
    expect(await redaction.redactedText(await sendIn(other, 1, "I am Marisol Quintanilla."))).not.toBe(first);
  });

  it("passes nothing on under a policy whose pattern RE2 can't take", async () => {
    const patterns = [{ name: "BADGE", pattern: "(?=a)b" }];
    const message = await sendIn(await openUnder({ redaction: { patterns } }), 1, "Hello.");
    expect(await redaction.codes(message)).toEqual(["REGULATED_DATA_BLOCKED"]);
  });
});
