import { STATUS_CODES } from "node:http";

import { z } from "zod";

import { refusalsOf, type Answer, type Door, type DoorProblem, type JsonBody, type OpaqueBody } from "./door.ts";
import { doors } from "./doors.ts";
import { problemDocument } from "./problem-document.ts";

/** JSON as it is written into the document. */
export type Json = string | number | boolean | null | readonly Json[] | { readonly [name: string]: Json | undefined };

const description = `Sealed messages in, sealed replies out. ingest holds no key: it checks what can be checked without one.

Every door under \`/v1\` takes \`Authorization: Bearer <token>\`. A token gives transport, never readership; who may read is for the
tenant's signed policy to say. Refusals are problem documents (RFC 9457): switch on \`code\`. HEAD is answered as GET is, without the
body.`;

/** The OpenAPI 3.1 document of ingest's doors. Schemas are those that the doors parse requests with. */
export function openApiDocument(): Json {
  const paths: Record<string, Record<string, Json>> = {};
  for (const door of doors) paths[door.path] = { ...paths[door.path], [door.method]: operationOf(door) };
  return {
    openapi: "3.1.1",
    info: {
      title: "Cloister ingest",
      version: "1",
      description,
      license: { name: "Apache-2.0", identifier: "Apache-2.0" },
    },
    tags: ["Conversations", "Messages", "Policy", "Access", "Operation"].map((name) => ({ name })),
    paths,
    components: {
      schemas: { Problem: schemaOf(problemDocument, "output") },
      securitySchemes: {
        token: {
          type: "http",
          scheme: "bearer",
          description: "An access token, or a login of the tenant's own issuer",
        },
      },
    },
  };
}

function operationOf(door: Door): Json {
  const { operationId, tag, summary, description, scope, parameters = [], body, answers } = door;
  return {
    operationId,
    tags: [tag],
    summary,
    description,
    // RFC 6750 scopes; OpenAPI 3.1 lets an http scheme name them.
    security: scope === undefined ? [] : [{ token: [scope] }],
    ...(parameters.length > 0 && {
      parameters: parameters.map(({ name, in: place, description, schema, isRequired }) => ({
        name,
        in: place,
        description,
        required: isRequired === true,
        schema: schemaOf(schema, "input"),
      })),
    }),
    ...(body && {
      requestBody: { required: true, content: contentOf(body, "input"), description: descriptionOf(body) },
    }),
    responses: {
      ...Object.fromEntries(answers.map((answer) => [String(answer.status), responseOf(answer)])),
      ...Object.fromEntries([...refusalsOf(door)].map(([status, codes]) => [String(status), refusalOf(status, codes)])),
    },
  };
}

function responseOf({ description, body }: Answer): Json {
  return body === undefined ? { description } : { description, content: contentOf(body, "output") };
}

function refusalOf(status: number, codes: readonly DoorProblem[]): Json {
  const problem = {
    allOf: [{ $ref: "#/components/schemas/Problem" }],
    properties: { status: { const: status }, code: { enum: codes } },
  };
  return {
    description: `${STATUS_CODES[status] ?? "Refused"}: ${codes.join(", ")}`,
    content: { "application/problem+json": { schema: problem } },
  };
}

/** Bytes and texts of other formats have no schema in OpenAPI 3.1: their media type and its description say it all. */
function contentOf(body: JsonBody | OpaqueBody, direction: "input" | "output"): Json {
  return { [body.mediaType]: "schema" in body ? { schema: schemaOf(body.schema, direction) } : {} };
}

const descriptionOf = (body: JsonBody | OpaqueBody): string | undefined =>
  "description" in body ? body.description : undefined;

function schemaOf(schema: z.ZodType, direction: "input" | "output"): Json {
  const { $schema: _dialect, ...rest } = z.toJSONSchema(schema, { io: direction });
  // JSON Schema as zod writes it is JSON.
  return rest as Json;
}
