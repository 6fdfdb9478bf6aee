import { inspect } from "node:util";

import { describe, expect, it } from "@jest/globals";
import { randomAccessToken } from "@cloister/service";

import { SingleAccessToken } from "../src/access-tokens.ts";

describe("the access token of a start", () => {
  it("gives its grant for the token and nothing for another", () => {
    const token = randomAccessToken();
    const tokens = new SingleAccessToken(token, { tenantIdHex: "ab".repeat(16) });
    expect([tokens.grantOf(token), tokens.grantOf(randomAccessToken()), tokens.grantOf("")]).toEqual([
      { tenantIdHex: "ab".repeat(16) },
      undefined,
      undefined,
    ]);
  });

  it("does not keep the token where printing would show it", () => {
    const token = randomAccessToken();
    const tokens = new SingleAccessToken(token, { tenantIdHex: undefined });
    expect(inspect(tokens, { showHidden: true, depth: 9 })).not.toContain(token);
  });
});
