import type { EntityType } from "../../src/entities.ts";
import type { Example } from "./example.ts";

/** The kinds of the generated set that the names model learns; an address is a place. */
const kinds: Readonly<Record<string, EntityType>> = {
  PERSON: "PERSON",
  LOCATION: "LOCATION",
  ADDRESS: "LOCATION",
  ORGANIZATION: "ORGANIZATION",
};

interface GeneratedText {
  readonly full_text: string;
  readonly template_id: number;
  readonly spans: readonly { entity_type: string; start_position: number; end_position: number }[];
}

export interface GeneratedExample extends Example {
  readonly templateId: number;
}

export function readGenerated(file: string): GeneratedExample[] {
  // Proof of the shape: the data set's own documentation; a wrong file fails on the first access.
  const texts = JSON.parse(file) as readonly GeneratedText[];
  return texts.map((text) => ({
    text: text.full_text,
    templateId: text.template_id,
    names: text.spans
      .flatMap((span) => {
        const type = kinds[span.entity_type];
        return type === undefined ? [] : [{ start: span.start_position, end: span.end_position, type }];
      })
      .sort((a, b) => a.start - b.start),
  }));
}
