import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, it } from "@jest/globals";
import { describeOnRedis } from "@cloister/testing";

describeOnRedis("Redis with a password and a dump", { password: "a-password", persistence: "snapshot" }, (redis) => {
  it("answers who gives the password", async () => {
    await redis().flush();
    await expect(redis().save()).resolves.toBeUndefined();
    expect((await readFile(join(redis().dataFolder ?? "", "dump.rdb"))).subarray(0, 5).toString()).toBe("REDIS");
  });

  it("comes back after a kill, and refuses meanwhile", async () => {
    await redis().process?.kill();
    await expect(redis().flush()).rejects.toThrow("ECONNREFUSED");
    await redis().process?.start();
    await redis().flush();
  });
});
