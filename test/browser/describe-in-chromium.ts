import { existsSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, it } from "@jest/globals";
import { chromium, type BrowserContext, type Page } from "playwright-core";

const executablePath = "/usr/bin/chromium";
const args = [
  "--no-sandbox",
  "--disable-gpu",
  "--disable-quic",
  "--no-first-run",
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-sync",
];

/** A suite that needs a real Chromium, skipped loudly without one. `page` may be called inside tests and hooks only. */
export function describeInChromium(name: string, suite: (page: () => Page) => void): void {
  if (!existsSync(executablePath)) {
    const reason = `no ${executablePath}, which apt package chromium brings`;
    process.stderr.write(`SKIPPED ${name}: ${reason}\n`);
    describe(name, () => {
      it.skip(`needs Chromium (skipped: ${reason})`, () => undefined);
    });
    return;
  }
  describe(name, () => {
    let profile = "";
    let context: BrowserContext | null = null;
    let page: Page | null = null;
    beforeAll(async () => {
      profile = await mkdtemp(join(tmpdir(), "cloister-chromium-"));
      context = await chromium.launchPersistentContext(profile, { executablePath, args, headless: true });
      page = await context.newPage();
    }, 60_000);
    afterAll(async () => {
      await context?.close();
      await rm(profile, { recursive: true, force: true });
    }, 60_000);
    suite(() => {
      if (page === null) throw new Error("Chromium has not been started");
      return page;
    });
  });
}
