import { readFileSync } from "node:fs";
import { fromBinary, toBinary } from "@bufbuild/protobuf";
import { EnvelopeSchema, FrameSchema, HeaderSchema } from "@cloister/contracts/envelope";
import {
  createKemPrivateKey,
  createWrapKey,
  EnvelopeError,
  openEnvelope,
  parseEnvelope,
  parseFrame,
} from "@cloister/envelope";
import { createSigningKey, createVerifyingKey, parseKeyId, type VerifyingKey } from "@cloister/envelope";
import { nodeBackend as backend } from "@cloister/envelope/node";
import { hex, unhex } from "../hex.ts";
import type { FrozenVector } from "../frozen/cases.ts";
import { generator, mutate } from "./mutate.ts";

export interface FuzzReport {
  readonly runs: number;
  /** Distinct ways (code and sentence) in which inputs were refused, and how often. */
  readonly refusals: ReadonlyMap<string, number>;
  readonly accepted: number;
  readonly corpus: number;
}

// The committed file, which frozen/make.ts wrote as this type.
const frozen = JSON.parse(
  readFileSync(new URL("../vectors/frozen.json", import.meta.url), "utf8"),
) as readonly FrozenVector[];

/**
 * Mutates envelopes and frames until `isOver`, keeping as new seeds the inputs that were refused in a way not seen before.
 * @throws Error with the input in hex when a check does not hold
 */
export function fuzz(seed: number, isOver: (runs: number) => boolean): FuzzReport {
  const random = generator(seed);
  const seeds = frozen.flatMap(({ envelope, frames }) => [envelope, ...frames.map(({ frame }) => frame)]);
  const corpus = seeds.map(unhex);
  const originals = new Set(seeds);
  const refusals = new Map<string, number>();
  let runs = 0;
  let accepted = 0;
  for (; !isOver(runs); runs++) {
    const [base, other] = [corpus[random(corpus.length)], corpus[random(corpus.length)]];
    if (!base || !other) throw new Error("the corpus is empty");
    const input = mutate(base, other, random);
    const outcomes = [check(input, checkEnvelope), check(input, checkFrame), check(input, checkOpening(originals))];
    for (const outcome of outcomes) {
      if (outcome === undefined) {
        accepted++;
      } else {
        const times = refusals.get(outcome) ?? 0;
        if (times === 0) corpus.push(input);
        refusals.set(outcome, times + 1);
      }
    }
  }
  return { runs, refusals, accepted, corpus: corpus.length };
}

/** How the input was refused, or undefined when it was accepted and every check held. */
function check(input: Uint8Array, run: (input: Uint8Array) => void): string | undefined {
  try {
    run(input);
    return undefined;
  } catch (error) {
    if (error instanceof EnvelopeError) return `${error.code}: ${error.message}`;
    throw new Error(`input ${hex(input)}`, { cause: error });
  }
}

function checkEnvelope(input: Uint8Array): void {
  parseEnvelope(input);
  const message = fromBinary(EnvelopeSchema, input);
  requireSame(input, toBinary(EnvelopeSchema, message));
  requireSame(message.protected, toBinary(HeaderSchema, fromBinary(HeaderSchema, message.protected)));
}

function checkFrame(input: Uint8Array): void {
  parseFrame(input);
  requireSame(input, toBinary(FrameSchema, fromBinary(FrameSchema, input)));
}

const [kemVector, wrapVector] = (["kem", "wrap"] as const).map((kind) => frozen.find((one) => one.recipient === kind));
if (!kemVector || !wrapVector) throw new Error("the frozen vectors have both kinds");
const wrapKeyId = parseKeyId(wrapVector.recipientKeyId);
const wrapKey = createWrapKey(backend, { key: unhex(wrapVector.recipientKey), keyId: wrapKeyId });
const keys = [createKemPrivateKey(backend, unhex(kemVector.recipientKey)), wrapKey];
const signing = createSigningKey(backend, unhex(kemVector.signingSeed));
const signers = [createVerifyingKey(backend, signing.publicKeyBytes), "none"] as const;
const { nowMs } = wrapVector;

/** Nothing opens but what was sealed. */
function checkOpening(originals: ReadonlySet<string>): (input: Uint8Array) => void {
  return (input) => {
    let opened = 0;
    let refusal: unknown;
    for (const signer of signers) {
      try {
        openWith(input, signer);
        opened++;
      } catch (error) {
        refusal = error;
      }
    }
    if (opened === 0) throw refusal;
    if (!originals.has(hex(input))) throw new Error("a changed envelope opened");
  };
}

function openWith(input: Uint8Array, signer: VerifyingKey | "none"): void {
  openEnvelope(backend, input, { keys, signer, nowMs });
}

function requireSame(input: Uint8Array, serialized: Uint8Array): void {
  if (hex(input) !== hex(serialized)) throw new Error("accepted, but unlike its re-serialization");
}
