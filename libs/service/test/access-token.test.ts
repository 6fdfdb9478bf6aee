import { inspect } from "node:util";
import { describe, expect, it } from "@jest/globals";
import { bearerToken, randomAccessToken, TokenDigest } from "@cloister/service";

describe("an access token", () => {
  it("matches the digest that was made of it", () => {
    const token = randomAccessToken();
    expect(new TokenDigest(token).matches(token)).toBe(true);
  });

  it.each(["", "another", randomAccessToken()])("does not match the digest of another: %p", (other) => {
    expect(new TokenDigest(randomAccessToken()).matches(other)).toBe(false);
  });

  it("is not kept where printing would show it", () => {
    const token = randomAccessToken();
    expect(inspect(new TokenDigest(token), { showHidden: true, depth: 9 })).not.toContain(token);
  });
});

describe("the token of a request", () => {
  it("is read from a bearer header, in any case of the scheme", () => {
    expect([bearerToken("Bearer a-b_c="), bearerToken("bearer a-b_c=")]).toEqual(["a-b_c=", "a-b_c="]);
  });

  it.each([undefined, "", "Bearer", "Bearer ", "Basic abc", "Bearer a b", `Bearer ${"a".repeat(8193)}`])(
    "is missing from %p",
    (header) => {
      expect(bearerToken(header)).toBeUndefined();
    },
  );
});
