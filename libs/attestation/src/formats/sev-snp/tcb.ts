/** Product lines with SEV-SNP. They differ in the layout of a TCB version and in the length of a chip's id. */
export const snpProducts = ["milan", "genoa", "turin"] as const;

export type SnpProduct = (typeof snpProducts)[number];

/** Security patch levels of one TCB, 0 to 255 each. */
export interface SnpTcb {
  /** Turin's firmware configuration; 0 for products without it. */
  readonly fmc: number;
  readonly bootloader: number;
  readonly tee: number;
  readonly snp: number;
  readonly microcode: number;
}

type Layout = Readonly<Record<keyof SnpTcb, number | undefined>>;

// AMD's SEV-SNP firmware ABI (56860), TCB_VERSION: byte of each part, counted from the least significant.
const beforeTurin: Layout = { fmc: undefined, bootloader: 0, tee: 1, snp: 6, microcode: 7 };
const layouts: Readonly<Record<SnpProduct, Layout>> = {
  milan: beforeTurin,
  genoa: beforeTurin,
  turin: { fmc: 0, bootloader: 1, tee: 2, snp: 3, microcode: 7 },
};

/** @param bytes the 8 bytes of a TCB_VERSION as the report holds them, least significant first. */
export function readTcb(bytes: Uint8Array, product: SnpProduct): SnpTcb {
  const layout = layouts[product];
  const part = (name: keyof SnpTcb): number => {
    const at = layout[name];
    return at === undefined ? 0 : (bytes[at] ?? 0);
  };
  return {
    fmc: part("fmc"),
    bootloader: part("bootloader"),
    tee: part("tee"),
    snp: part("snp"),
    microcode: part("microcode"),
  };
}

/** Whether a byte is set in which the product has no part. Takes what `readTcb` does. */
export function hasReservedTcb(bytes: Uint8Array, product: SnpProduct): boolean {
  const known = new Set(Object.values(layouts[product]));
  return bytes.some((byte, at) => byte !== 0 && !known.has(at));
}

export const tcbParts = ["fmc", "bootloader", "tee", "snp", "microcode"] as const satisfies readonly (keyof SnpTcb)[];

export function isSameTcb(one: SnpTcb, other: SnpTcb): boolean {
  return tcbParts.every((part) => one[part] === other[part]);
}

/** Whether every part is at least the minimum's: a newer one doesn't make up for an older one. */
export function isTcbAtLeast(tcb: SnpTcb, minimum: { readonly [Part in keyof SnpTcb]?: number | undefined }): boolean {
  return tcbParts.every((part) => tcb[part] >= (minimum[part] ?? 0));
}
