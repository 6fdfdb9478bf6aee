import type { SnpReport } from "./report.ts";
import type { SnpProduct } from "./tcb.ts";

/** Since version 3 a report names its processor as CPUID does: family, and model with its extension. */
const FAMILY = 0x188;
const MODEL = 0x189;
const ZEN_3_AND_4 = 0x19;
const ZEN_5 = 0x1a;

/** The product line of the report's processor; undefined for those that it doesn't name, or this build doesn't know. */
export function productOfProcessor({ bytes, version }: SnpReport): SnpProduct | undefined {
  if (version < 3) return undefined;
  const series = (bytes[MODEL] ?? 0) >> 4;
  switch (bytes[FAMILY]) {
    case ZEN_3_AND_4:
      return productsOfZen3And4.get(series);
    case ZEN_5:
      return series <= 1 ? "turin" : undefined;
    default:
      return undefined;
  }
}

/** By the upper half of the model. The last is Bergamo's and Siena's, which Genoa's authorities certify. */
const productsOfZen3And4: ReadonlyMap<number, SnpProduct> = new Map([
  [0x0, "milan"],
  [0x1, "genoa"],
  [0xa, "genoa"],
]);
