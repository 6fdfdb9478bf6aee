import { inspect } from "node:util";

import { describe, expect, it } from "@jest/globals";

import { StartToken, TokensByKind } from "../src/access/access-tokens.ts";
import { scopes } from "../src/access/scopes.ts";
import { newToken } from "../src/access/token-format.ts";

describe("the administration token of a start", () => {
  it("gives every scope for its tenant", async () => {
    const token = newToken();
    const tokens = new StartToken(token, "ab".repeat(16));
    expect(await tokens.grantOf(token)).toMatchObject({ tenantIdHex: "ab".repeat(16), scopes });
  });

  it.each(["", newToken(), "a.b.c"])("gives nothing for %j", async (other) => {
    const tokens = new TokensByKind([new StartToken(newToken(), undefined)]);
    await expect(tokens.grantOf(other)).rejects.toMatchObject({ code: "TOKEN_UNKNOWN", status: 401 });
  });

  it("does not keep the token where printing would show it", () => {
    const token = newToken();
    const tokens = new StartToken(token, undefined);
    expect(inspect(tokens, { showHidden: true, depth: 9 })).not.toContain(token);
  });
});

describe("a new token", () => {
  it("has the form that secret scanners know", () => {
    expect(newToken()).toMatch(/^cloister_[A-Za-z0-9_-]{43}$/u);
  });
});
