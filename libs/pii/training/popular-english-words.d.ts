declare module "popular-english-words" {
  /** English words, the most popular ones first. */
  export const words: { getMostPopular(count: number): string[] };
}
