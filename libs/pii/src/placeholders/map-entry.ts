/** What a placeholder stands for, as it is stored and as it is sent to those who may read it. */
export interface MapEntry {
  /** `[PERSON_1]`, or `[PERSON_1.2]` for another spelling of the same value. */
  readonly placeholder: string;
  /** The type in the placeholder; `LITERAL` for a placeholder that the user typed. */
  readonly type: string;
  /** Exactly what was typed. */
  readonly value: string;
  /** The end of life of the message that brought the value, Unix milliseconds. */
  readonly expiresAtMs: number;
  /** Set where no placeholder was written but a mask, a hash or something more general: no reader gets this entry. */
  readonly isWithheld?: true;
}
