import type { Page } from "playwright-core";

type Functions = Readonly<Record<string, (...args: never[]) => Promise<unknown>>>;

/** Opens a page and waits until its script has offered `cloisterPage`. */
export async function openPage(page: Page, url: string): Promise<void> {
  await page.goto(url);
  await page.waitForFunction("globalThis.cloisterPage !== undefined");
}

/** Calls one function of `cloisterPage` in Chromium. Arguments and result cross as JSON. */
export async function callPage<Offered extends Functions, Name extends keyof Offered & string>(
  page: Page,
  name: Name,
  ...args: Parameters<Offered[Name]>
): Promise<Awaited<ReturnType<Offered[Name]>>> {
  const called = `globalThis.cloisterPage[${JSON.stringify(name)}](...${JSON.stringify(args)})`;
  return page.evaluate<Awaited<ReturnType<Offered[Name]>>>(called); // typed by the page's own script, which is what is called
}
