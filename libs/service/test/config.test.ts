import { describe, expect, it } from "@jest/globals";
import { z } from "zod";
import { defineConfig, documentConfig, secretVariable, variable } from "@cloister/service";

const definition = defineConfig({
  url: secretVariable("TOY_URL", z.string().startsWith("postgres"), { description: "Where the tables are" }),
  port: variable("TOY_PORT", z.coerce.number().int().min(1).max(65535), { description: "The port", default: "8080" }),
  mode: variable("TOY_MODE", z.enum(["fast", "safe"]), { description: "How", default: "safe" }),
  region: variable("TOY_REGION", z.string().optional(), { description: "Where" }),
});

describe("a configuration", () => {
  it("is parsed once into values with defaults", () => {
    const config = definition.parse({ TOY_URL: "postgresql://x", TOY_PORT: "81" });
    expect({ ...config, url: config.url.reveal() }).toEqual({
      url: "postgresql://x",
      port: 81,
      mode: "safe",
      region: undefined,
    });
  });

  it("names all its problems at once", () => {
    const parse = () => definition.parse({ TOY_PORT: "many", TOY_MODE: "odd" });
    expect(parse).toThrow(/TOY_URL is not set.*TOY_PORT is not valid.*TOY_MODE is not valid/);
    expect(parse).toThrow(expect.objectContaining({ code: "CONFIG_INVALID" }));
  });

  it("never quotes a secret", () => {
    expect(() => definition.parse({ TOY_URL: "hunter2" })).toThrow(/^TOY_URL is set, but not to a valid value$/);
    expect(JSON.stringify(definition.parse({ TOY_URL: "postgres://hunter2" }))).not.toContain("hunter2");
  });

  it("takes an empty variable for an unset one", () => {
    expect(definition.parse({ TOY_URL: "postgres://x", TOY_PORT: "" }).port).toBe(8080);
  });

  it("documents each variable", () => {
    expect(documentConfig(definition)).toEqual([
      { name: "TOY_URL", type: "string (secret)", default: "(required)", description: "Where the tables are" },
      { name: "TOY_PORT", type: "integer, at least 1, at most 65535", default: "8080", description: "The port" },
      { name: "TOY_MODE", type: "fast | safe", default: "safe", description: "How" },
      { name: "TOY_REGION", type: "string", default: "(none)", description: "Where" },
    ]);
  });
});
