import type { NestFastifyApplication } from "@nestjs/platform-fastify";
import { PROBLEMS_PATH, serverProblems, type ProblemCatalogue } from "./problem-catalogue.ts";

/** `/docs/errors`: every code that this service's problem documents carry, each under its own anchor. */
export function problemsRoute(app: NestFastifyApplication, problems: ProblemCatalogue): void {
  const page = problemsPage({ ...serverProblems, ...problems });
  app
    .getHttpAdapter()
    .getInstance()
    .get(PROBLEMS_PATH, async (_request, reply) => {
      await reply
        .header("content-type", "text/html; charset=utf-8")
        .header("content-security-policy", "default-src 'none'; style-src 'unsafe-inline'")
        .send(page);
    });
}

function problemsPage(problems: ProblemCatalogue): string {
  const entries = Object.entries(problems)
    .toSorted(([left], [right]) => left.localeCompare(right))
    .map(
      ([code, { title, remedy, httpStatus, isRetryable }]) =>
        `<dt id="${code}"><a href="#${code}"><code>${code}</code></a> ${String(httpStatus)}</dt>` +
        `<dd>${escaped(title)}. ${escaped(remedy)}${isRetryable === true ? " <em>The same request may succeed later.</em>" : ""}</dd>`,
    );
  return `<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<title>Errors</title>
<style>
body { font: 16px/1.5 system-ui, sans-serif; max-width: 48rem; margin: 2rem auto; padding: 0 1rem; color-scheme: light dark }
dt { margin-top: 1.2rem } dt:target { background: #ff03 } dd { margin: 0 0 0 1.5rem } code { font-weight: bold }
</style>
<h1>Errors</h1>
<p>A refusal is a problem document (RFC 9457). Switch on its <code>code</code>, which is stable; <code>detail</code> says what to do.</p>
<dl>
${entries.join("\n")}
</dl>
</html>
`;
}

const escaped = (text: string): string =>
  text
    .replaceAll("&", "&amp;")
    .replaceAll("<", "&lt;")
    .replaceAll(/`([^`]+)`/g, "<code>$1</code>");
