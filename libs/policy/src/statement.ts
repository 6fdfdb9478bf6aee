import * as z from "zod/mini";
import { $ZodError } from "zod/v4/core";
import { PolicyError, type PolicyErrorCode } from "./errors.ts";
import { openNote, signNote, unverifiedNoteText, type NamedSigner, type NoteVerifier } from "./notes.ts";

/** A kind of statement: its type line, and the fields of the JSON below it. */
export interface StatementFormat<Schema extends z.core.$ZodType> {
  readonly typeLine: string;
  readonly schema: Schema;
  readonly malformedCode: PolicyErrorCode;
}

/** "cloister/v1 <name>": the type line stands inside what is signed, so no statement passes for another kind. */
export function statementFormat<Schema extends z.core.$ZodType>(
  name: string,
  schema: Schema,
  malformedCode: PolicyErrorCode = "STATEMENT_MALFORMED",
): StatementFormat<Schema> {
  return { typeLine: `cloister/v1 ${name}`, schema, malformedCode };
}

/** @throws PolicyError with the format's code if the value breaks its own format. */
export function signStatement<Schema extends z.core.$ZodType>(
  format: StatementFormat<Schema>,
  value: z.output<Schema>,
  signers: readonly NamedSigner[],
): Uint8Array {
  const fields = z.safeEncode(format.schema, value);
  if (!fields.success) throw malformed(format, fields.error);
  const text = `${format.typeLine}\n${JSON.stringify(fields.data, null, 2)}\n`;
  parseStatement(format, text);
  return signNote(text, signers);
}

export interface OpenedStatement<Value> {
  readonly value: Value;
  /** The signed text, verbatim. */
  readonly text: string;
  /** Those of the given keys that signed it. */
  readonly signedBy: readonly NoteVerifier[];
}

/** @throws PolicyError those of `openNote`, then the format's code. */
export function openStatement<Schema extends z.core.$ZodType>(
  format: StatementFormat<Schema>,
  note: Uint8Array,
  verifiers: readonly NoteVerifier[],
  options: { readonly required?: number } = {},
): OpenedStatement<z.output<Schema>> {
  const { text, signedBy } = openNote(note, verifiers, options);
  return { value: parseStatement(format, text), text, signedBy };
}

/**
 * What a statement says, whoever signed it: to look up by its ids, or to show. Never to decide on.
 * @throws PolicyError NOTE_MALFORMED, then the format's code.
 */
export function readUnverified<Schema extends z.core.$ZodType>(
  format: StatementFormat<Schema>,
  note: Uint8Array,
): z.output<Schema> {
  return parseStatement(format, unverifiedNoteText(note));
}

function parseStatement<Schema extends z.core.$ZodType>(
  format: StatementFormat<Schema>,
  text: string,
): z.output<Schema> {
  const prefix = `${format.typeLine}\n`;
  if (!text.startsWith(prefix)) throw malformed(format);
  const result = z.safeParse(format.schema, parseJson(format, text.slice(prefix.length, -1)));
  if (!result.success) throw malformed(format, result.error);
  return result.data;
}

/** One text for one value: a repeated key or other spacing would let two readers see two statements. */
function parseJson(format: StatementFormat<z.core.$ZodType>, json: string): unknown {
  let value: unknown;
  try {
    value = JSON.parse(json);
  } catch (cause) {
    throw malformed(format, cause);
  }
  if (JSON.stringify(value, null, 2) !== json) throw malformed(format);
  return value;
}

function malformed(format: StatementFormat<z.core.$ZodType>, cause?: unknown): PolicyError {
  const detail = cause instanceof $ZodError ? ` Fields: ${fieldsOf(cause)}.` : "";
  return new PolicyError(format.malformedCode, `This is no sound "${format.typeLine}" statement.${detail}`, { cause });
}

function fieldsOf(error: z.core.$ZodError): string {
  return error.issues.map((issue) => `${issue.path.join(".") || "(top)"}: ${issue.message}`).join("; ");
}
