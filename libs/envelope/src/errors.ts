/** Every way in which sealing, reading or opening can end without a result. Closed: callers switch on it exhaustively. */
export const envelopeErrors = {
  MALFORMED: {
    title: "The bytes are not in the format",
    remedy: "Take the bytes as the SDK made them: nothing may be added, cut or re-encoded on the way.",
  },
  UNSUPPORTED_SUITE: {
    title: "The cipher suite is unknown to this version",
    remedy: "Seal with suite 1 or 2, or update the reader.",
  },
  TOO_LARGE: {
    title: "A payload, header or envelope is larger than the format allows",
    remedy: "Send it in parts: 256 KiB of text in one message.",
  },
  NOT_A_RECIPIENT: {
    title: "The envelope is sealed to other keys than the ones at hand",
    remedy: "Use the key that the policy names as a recipient; what was sealed before it was named stays closed to it.",
  },
  KEY_UNAVAILABLE: { title: "The key can't be had at the moment", remedy: "Try again later.", isRetryable: true },
  KEY_DESTROYED: {
    title: "The key was destroyed, and with it all that was sealed to it",
    remedy: "Nothing opens it any more, which is what retention or erasure was asked for.",
  },
  COMMITMENT_MISMATCH: {
    title: "The sender gave its recipients different content keys",
    remedy: "Don't trust the sender: such an envelope is made on purpose.",
  },
  AUTHENTICATION_FAILED: {
    title: "The content was changed, or sealed in another context",
    remedy: "Fetch the original again; if it stays so, somebody changed it.",
  },
  SIGNATURE_INVALID: {
    title: "The signature is missing or not the expected signer's",
    remedy: "Fetch the original again; if it stays so, it is forged.",
  },
  EXPIRED: {
    title: "The retention period is over",
    remedy: "Nobody opens it any more. Seal and send anew what is still needed.",
  },
  TRUNCATED: {
    title: "The stream stopped before its final frame",
    remedy: "Wait for the final reply, which is a message of its own.",
  },
  OUT_OF_ORDER: {
    title: "A frame of the stream was lost, repeated or overtaken",
    remedy: "Wait for the final reply, which is a message of its own.",
  },
} as const;

export type EnvelopeErrorCode = keyof typeof envelopeErrors;

/** The only error this library throws for what it is given. Its message never holds payload bytes or key material. */
export class EnvelopeError extends Error {
  override readonly name = "EnvelopeError";
  readonly code: EnvelopeErrorCode;

  constructor(code: EnvelopeErrorCode, message: string) {
    super(message);
    this.code = code;
  }
}
