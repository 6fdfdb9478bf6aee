import { PROBLEMS_PATH } from "@cloister/service";
import { z } from "zod";

import { scopeMeanings } from "../access/scopes.ts";
import { refusalsOf, type Door, type JsonBody, type OpaqueBody } from "./door.ts";
import { doors } from "./doors.ts";
import { DOCUMENT_PATH } from "./paths.ts";

const style = `
body { font: 16px/1.5 system-ui, sans-serif; max-width: 56rem; margin: 2rem auto; padding: 0 1rem; color-scheme: light dark }
h3 { margin: 2.5rem 0 .3rem; font-size: 1.05rem } h3 code { font-size: 1.05rem } h3 a { color: inherit; text-decoration: none }
table { border-collapse: collapse; width: 100% } td { border-top: 1px solid #8885; padding: .3rem .8rem .3rem 0; vertical-align: top }
td:first-child { white-space: nowrap; width: 12rem } pre { overflow-x: auto; background: #8882; padding: .8rem } nav li { margin: .1rem 0 }
.method { display: inline-block; min-width: 4.2rem; text-transform: uppercase; opacity: .7 }`;

/** The document as a page that needs no script and no other server. */
export function apiPage(): string {
  const tags = [...new Set(doors.map(({ tag }) => tag))];
  return `<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<title>Cloister ingest</title>
<style>${style}</style>
<h1>Cloister ingest</h1>
<p>Sealed messages in, sealed replies out. Doors under <code>/v1</code> take <code>Authorization: Bearer &lt;token&gt;</code>; a
token gives transport, never readership. The same as data: <a href="${DOCUMENT_PATH}">${DOCUMENT_PATH}</a>. What each code of a
refusal means: <a href="${PROBLEMS_PATH}">${PROBLEMS_PATH}</a>.</p>
<nav><ul>
${doors.map((door) => `<li><a href="#${door.operationId}">${titleOf(door)}</a> ${escaped(door.summary)}</li>`).join("\n")}
</ul></nav>
${tags
  .map(
    (tag) =>
      `<h2>${tag}</h2>\n${doors
        .filter((door) => door.tag === tag)
        .map(section)
        .join("\n")}`,
  )
  .join("\n")}
</html>
`;
}

const titleOf = ({ method, path }: Door): string =>
  `<span class="method">${method}</span> <code>${escaped(path)}</code>`;

type Row = readonly [name: string, html: string];
const row = (name: string, html: string): Row => [name, html];

function section(door: Door): string {
  const { operationId, summary, description, scope, parameters = [], body, answers } = door;
  const rows: Row[] = [
    ...(scope === undefined ? [] : [row("scope", `<code>${scope}</code>: ${escaped(scopeMeanings[scope])}`)]),
    ...parameters.map(({ name, in: place, description, isRequired }) =>
      row(`<code>${name}</code>`, `${place}${isRequired === true ? ", required" : ""}. ${escaped(description)}`),
    ),
    ...(body === undefined ? [] : [row("body", bodyOf(body, "input"))]),
    ...answers.map(({ status, description, body }) =>
      row(String(status), `${escaped(description)}${body === undefined ? "" : ` ${bodyOf(body, "output")}`}`),
    ),
    ...[...refusalsOf(door)].map(([status, codes]) =>
      row(String(status), codes.map((code) => `<a href="${PROBLEMS_PATH}#${code}">${code}</a>`).join(", ")),
    ),
  ];
  return `<h3 id="${operationId}"><a href="#${operationId}">${titleOf(door)}</a></h3>
<p>${escaped(summary)}.${description === undefined ? "" : ` ${escaped(description)}`}</p>
<table>
${rows.map(([left, right]) => `<tr><td>${left}</td><td>${right}</td></tr>`).join("\n")}
</table>`;
}

function bodyOf(body: JsonBody | OpaqueBody, io: "input" | "output"): string {
  const mediaType = `<code>${body.mediaType}</code>`;
  if ("description" in body) return `${mediaType}: ${escaped(body.description)}`;
  const { $schema: _dialect, ...schema } = z.toJSONSchema(body.schema, { io });
  return `${mediaType}<details><summary>schema</summary><pre>${escaped(JSON.stringify(schema, null, 2))}</pre></details>`;
}

const escaped = (text: string): string =>
  text
    .replaceAll("&", "&amp;")
    .replaceAll("<", "&lt;")
    .replaceAll(/`([^`]+)`/g, "<code>$1</code>");
