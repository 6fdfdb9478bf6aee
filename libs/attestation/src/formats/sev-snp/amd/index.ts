import type { SnpProduct } from "../tcb.ts";
import type { AmdAuthorities } from "./authorities.ts";
import { genoa } from "./genoa.ts";
import { milan } from "./milan.ts";
import { turin } from "./turin.ts";

export type { AmdAuthorities } from "./authorities.ts";

/** The roots that this build trusts for reports of SEV-SNP. */
export const amdAuthorities: Readonly<Record<SnpProduct, AmdAuthorities>> = { milan, genoa, turin };
