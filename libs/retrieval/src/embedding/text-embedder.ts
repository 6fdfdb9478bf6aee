/** What tells vectors apart that can't be compared: another model, or the same one in another version. */
export interface EmbeddingModel {
  /** With its version, for example "static-en-1". It is sealed beside each vector. */
  readonly name: string;
  /** The numbers of a vector. */
  readonly dimension: number;
}

/** Turns texts into vectors that lie near each other where the texts mean nearly the same. */
export interface TextEmbedder {
  readonly model: EmbeddingModel;
  /**
   * One vector a text, in their order: of length 1, or all zeros for a text that the model knows nothing of. Nothing of
   * the texts is kept.
   */
  embed(texts: readonly string[]): Promise<Float32Array[]>;
}
