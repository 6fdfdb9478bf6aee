import { z } from "zod";

/** A TCP port as an environment variable says it; 0 picks a free one. */
export const portNumber = z.coerce.number().int().min(0).max(65_535);

/** `postgres:` or `postgresql:`. */
export const postgresUrl = z.url({ protocol: /^postgres(?:ql)?$/u });

/** `http:` or `https:`. */
export const httpUrl = z.url({ protocol: /^https?$/u });
