import { Ajv, type ValidateFunction } from "ajv";
import { z } from "zod";

const content = z.record(z.string(), z.object({ schema: z.record(z.string(), z.unknown()).optional() }));
const operation = z.object({
  operationId: z.string(),
  security: z.array(z.record(z.string(), z.array(z.string()))),
  responses: z.record(z.string(), z.object({ content: content.optional() })),
});

/** What is looked at of an OpenAPI 3.1 document. */
export const apiDocument = z.object({
  paths: z.record(z.string(), z.record(z.string(), operation)),
  components: z.record(z.string(), z.unknown()),
});

export type ApiDocument = z.infer<typeof apiDocument>;
type Operation = z.infer<typeof operation>;
type Content = z.infer<typeof content>;

/** A `fetch` that throws when an answer is none that the document describes: its status, media type or JSON body. */
export function conformingFetch(document: ApiDocument, inner: typeof fetch = fetch): typeof fetch {
  const ajv = new Ajv({ strict: false, allErrors: true, validateFormats: false });
  const validators = new Map<unknown, ValidateFunction>();
  const validatorOf = (schema: object): ValidateFunction => {
    const known = validators.get(schema);
    if (known !== undefined) return known;
    const validate = ajv.compile({ ...schema, components: document.components });
    validators.set(schema, validate);
    return validate;
  };

  return async (input, init) => {
    const response = await inner(input, init);
    const { pathname } = new URL(input instanceof Request ? input.url : input);
    const method = (init?.method ?? "GET").toLowerCase();
    const operation = operationAt(document, pathname, method);
    // What is no door is not in the document: the server's own refusal.
    if (operation === undefined) return response;
    const what = `${method} ${pathname} → ${String(response.status)}`;
    const described = operation.responses[String(response.status)];
    if (described === undefined) throw new Error(`${what} is not in the document: ${await response.clone().text()}`);
    await requireBody(response, described.content, what, validatorOf);
    return response;
  };
}

async function requireBody(
  response: Response,
  content: Content | undefined,
  what: string,
  validatorOf: (schema: object) => ValidateFunction,
): Promise<void> {
  const [mediaType = ""] = (response.headers.get("content-type") ?? "").split(";");
  if (content === undefined) {
    if (mediaType !== "") throw new Error(`${what} has a body, and the document none`);
    return;
  }
  const body = content[mediaType];
  if (body === undefined) throw new Error(`${what} came as ${mediaType}, not as ${Object.keys(content).join(", ")}`);
  if (body.schema === undefined) return;
  const validate = validatorOf(body.schema);
  if (validate(await response.clone().json())) return;
  throw new Error(`${what} is not of its schema: ${JSON.stringify(validate.errors)} ${await response.clone().text()}`);
}

function operationAt(document: ApiDocument, pathname: string, method: string): Operation | undefined {
  const matches = ([template]: readonly [string, unknown]) =>
    new RegExp(`^${template.replaceAll(/\{\w+\}/gu, "[^/]+")}$`, "u").test(pathname);
  return Object.entries(document.paths).find(matches)?.[1][method];
}
