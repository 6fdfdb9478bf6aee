import type { PassageTables, VectorIndex } from "@cloister/retrieval";
import type { Transaction } from "kysely";
import type { PassageWrite } from "./embedding.pipeline.ts";

/**
 * Applies the changes of a batch inside its transaction. In the order of the records, since a document may be imported
 * twice in one batch; what lies between two replacements goes in together.
 */
export async function storePassages(
  index: VectorIndex<PassageTables>,
  tx: Transaction<PassageTables>,
  writes: readonly PassageWrite[],
): Promise<void> {
  let pending: PassageWrite["passages"][number][] = [];
  for (const { replaced, passages } of writes) {
    if (replaced.length > 0) {
      await index.store(tx, pending);
      await index.remove(tx, replaced);
      pending = [];
    }
    pending.push(...passages);
  }
  await index.store(tx, pending);
}
