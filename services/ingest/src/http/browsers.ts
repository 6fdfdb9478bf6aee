import type { NestFastifyApplication } from "@nestjs/platform-fastify";

/** What a program in a browser may read of an answer beside its body. */
const exposedHeaders = ["retry-after", "www-authenticate"];
const preflightSeconds = 600;

/** True for a scheme, a host and a port if it isn't the scheme's own, as browsers write them; never for a wildcard. */
export function isOrigin(text: string): boolean {
  return /^https?:[^*]+$/u.test(text) && URL.canParse(text) && new URL(text).origin === text;
}

/**
 * Lets browser apps of these origins call the doors (CORS, Fetch standard section 3.2): with their bearer token, and
 * never with cookies. Of every other origin a browser keeps the answers to itself.
 */
export function letBrowsersIn(app: NestFastifyApplication, origins: readonly string[]): void {
  if (origins.length === 0) return;
  app.enableCors({
    origin: [...origins],
    methods: ["GET", "POST", "PUT", "DELETE"],
    allowedHeaders: ["authorization", "content-type", "cloister-tenant", "last-event-id"],
    exposedHeaders,
    credentials: false,
    maxAge: preflightSeconds,
    strictPreflight: true,
  });
}
