import { derObjectIdentifier, DerReader, derTag, readOneDer } from "./der.ts";

const COMMON_NAME = "2.5.4.3";

/**
 * The common name of a Name; undefined if it has none..
 * @throws AttestationError EVIDENCE_MALFORMED.
 */
export function commonNameOf(name: Uint8Array): string | undefined {
  for (const relativeName of new DerReader(readOneDer(name, derTag.sequence).content).rest()) {
    for (const attribute of new DerReader(relativeName.content).rest()) {
      const fields = new DerReader(attribute.content);
      if (derObjectIdentifier(fields.next(derTag.objectIdentifier)) !== COMMON_NAME) continue;
      return new TextDecoder().decode(fields.next().content);
    }
  }
  return undefined;
}
