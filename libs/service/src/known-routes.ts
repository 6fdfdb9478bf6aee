import type { NestFastifyApplication } from "@nestjs/platform-fastify";

/** The methods of each path, so that a wrong method is told from a wrong path (RFC 9110 section 15.5.6). */
export class KnownRoutes {
  readonly #methods = new Map<string, { readonly pattern: RegExp; readonly methods: Set<string> }>();

  /** Notes every route that is made from here on. */
  watch(app: NestFastifyApplication): void {
    app
      .getHttpAdapter()
      .getInstance()
      .addHook("onRoute", ({ method, url }) => {
        const known = this.#methods.get(url) ?? { pattern: patternOf(url), methods: new Set() };
        for (const one of [method].flat()) known.methods.add(one);
        this.#methods.set(url, known);
      });
  }

  /** What may be done at a path; empty where there is no door. @param url with or without a query */
  methodsAt(url: string): string[] {
    const [path = ""] = url.split("?");
    return [...this.#methods.values()].flatMap(({ pattern, methods }) => (pattern.test(path) ? [...methods] : []));
  }
}

/** `/v1/tokens/:id` as an expression; a route with a wildcard matches nothing, since it is no door. */
function patternOf(url: string): RegExp {
  const segments = url.split("/").map((segment) => {
    if (segment.startsWith(":")) return "[^/]+";
    return segment.replaceAll(/[^\w-]/gu, String.raw`\$&`);
  });
  return new RegExp(`^${segments.join("/")}$`);
}
