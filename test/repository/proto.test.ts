import { execFileSync } from "node:child_process";
import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "@jest/globals";
import { repositoryRoot } from "../../scripts/lint/workspaces.ts";

const envelope = "proto/cloister/envelope/v1/envelope.proto";

describe("a change to the contract", () => {
  let copy: string;
  beforeEach(() => {
    copy = mkdtempSync(join(tmpdir(), "cloister-proto-"));
    for (const path of ["proto", "buf.yaml"]) cpSync(join(repositoryRoot, path), join(copy, path), { recursive: true });
  });
  afterEach(() => {
    rmSync(copy, { recursive: true, force: true });
  });

  const changed = (from: string, to: string): void => {
    const path = join(copy, envelope);
    writeFileSync(path, readFileSync(path, "utf8").replace(from, to));
  };
  const breaking = (): string => {
    try {
      const buf = join(repositoryRoot, "node_modules/.bin/buf");
      return execFileSync(buf, ["breaking", "--against", "proto/released.binpb"], { cwd: copy, encoding: "utf8" });
    } catch (error) {
      return String((error as { stdout?: unknown }).stdout);
    }
  };

  it("is let through when it only adds", () => {
    changed("bool final = 3;", "bool final = 3;\n  uint32 added = 9;");
    expect(breaking()).toBe("");
  });

  it("is refused when it gives a field another number", () => {
    changed("bytes ciphertext = 4;", "bytes ciphertext = 14;");
    expect(breaking()).toContain('Previously present field "4"');
  });
});
