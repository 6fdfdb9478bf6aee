import { Body, Controller, Get, HttpCode, Inject, Param, Post, Query, UseGuards } from "@nestjs/common";
import { z } from "zod";
import type { DeadLetters, LetterPlace } from "../dead-letters.ts";
import { envelopeView, idOf, placeOf, viewOf, type EnvelopeView, type LetterView } from "./letter-view.ts";
import { OperationsGuard } from "./operations.guard.ts";
import { operationsProblem } from "./operations.problems.ts";

/** Injection token of the consumers' dead letters. */
export const DEAD_LETTERS = Symbol("DeadLetters");

const MAX_IDS = 100;

const query = z.strictObject({
  service: z.string().max(64).optional(),
  tenant: z
    .string()
    .regex(/^[0-9a-f]{32}$/u)
    .optional(),
  code: z
    .string()
    .regex(/^[A-Z0-9][A-Z0-9_]{1,63}$/u)
    .optional(),
  untilMs: z.coerce.number().int().min(0).optional(),
  after: z.string().max(100).optional(),
  limit: z.coerce.number().int().min(1).max(500).default(100),
});

const order = z.strictObject({ ids: z.array(z.string().max(100)).min(1).max(MAX_IDS) });

export interface LetterPage {
  readonly letters: readonly LetterView[];
  /** How many match, on all pages. */
  readonly total: number;
  /** For `after`; null on the last page. */
  readonly next: string | null;
}

export interface OrderResult {
  /** Ids of what was done. */
  readonly done: readonly string[];
  /** Ids of what is not there (any more). */
  readonly missing: readonly string[];
}

/** Dead letters by ids, sizes and codes. What is sealed stays sealed: this door has no key, and shows no ciphertext. */
@Controller("v1/operations/dead-letters")
@UseGuards(OperationsGuard)
export class OperationsController {
  readonly #all: readonly DeadLetters[];

  constructor(@Inject(DEAD_LETTERS) all: readonly DeadLetters[]) {
    this.#all = all;
  }

  @Get()
  async list(@Query() asked: unknown): Promise<LetterPage> {
    const { service, tenant, code, untilMs, after, limit } = parsed(query, asked);
    const filter = {
      ...(tenant !== undefined && { tenantId: Buffer.from(tenant, "hex") }),
      ...(code !== undefined && { code }),
      ...(untilMs !== undefined && { untilMs }),
    };
    const chosen = this.#all.filter(({ consumer }) => service === undefined || consumer === service);
    const from = after === undefined ? undefined : placed(after);
    const start = from === undefined ? 0 : chosen.findIndex(({ consumer }) => consumer === from.consumer);
    const letters = [];
    for (const one of start < 0 ? [] : chosen.slice(start)) {
      const behind = one.consumer === from?.consumer ? from : undefined;
      // One more than asked for tells whether there is another page.
      letters.push(...(await one.list(filter, limit + 1 - letters.length, behind)));
      if (letters.length > limit) break;
    }
    const counts = await Promise.all(chosen.map((one) => one.count(filter)));
    const page = letters.slice(0, limit);
    const last = letters.length > limit ? page.at(-1) : undefined;
    return {
      letters: page.map(viewOf),
      total: counts.reduce((sum, one) => sum + one, 0),
      next: last === undefined ? null : idOf(last),
    };
  }

  @Get(":id")
  async show(@Param("id") id: string): Promise<LetterView & { readonly envelope: EnvelopeView | null }> {
    const place = placed(id);
    const letter = await this.#of(place)?.find(place);
    if (letter === undefined) throw operationsProblem("DEAD_LETTER_UNKNOWN");
    return { ...viewOf(letter), envelope: envelopeView(letter.topic, letter.value) ?? null };
  }

  @Post("redrive")
  @HttpCode(200)
  redrive(@Body() asked: unknown): Promise<OrderResult> {
    return this.#each(asked, (letters, place) => letters.redrive(place));
  }

  @Post("drop")
  @HttpCode(200)
  drop(@Body() asked: unknown): Promise<OrderResult> {
    return this.#each(asked, (letters, place) => letters.drop(place));
  }

  async #each(
    asked: unknown,
    work: (letters: DeadLetters, place: LetterPlace) => Promise<boolean>,
  ): Promise<OrderResult> {
    const [done, missing]: [string[], string[]] = [[], []];
    // In the order given: records of one conversation keep theirs.
    for (const id of new Set(parsed(order, asked).ids)) {
      const place = placed(id);
      const letters = this.#of(place);
      const isDone = letters !== undefined && (await work(letters, place));
      (isDone ? done : missing).push(id);
    }
    return { done, missing };
  }

  #of({ consumer }: { readonly consumer: string }): DeadLetters | undefined {
    return this.#all.find((one) => one.consumer === consumer);
  }
}

function placed(id: string) {
  const place = placeOf(id);
  if (place === undefined) throw operationsProblem("OPERATION_MALFORMED");
  return place;
}

/** @throws ProblemError OPERATION_MALFORMED */
function parsed<T>(schema: z.ZodType<T>, value: unknown): T {
  const result = schema.safeParse(value);
  if (result.success) return result.data;
  throw operationsProblem("OPERATION_MALFORMED");
}
