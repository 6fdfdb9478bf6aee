import type { Failpoints, Gap } from "@cloister/messaging";

/** Ends a consumer the first time that it comes to a gap; it passes there ever after. */
export function failOnce(gap: Gap, consumer: string): Failpoints & { readonly hits: number } {
  let hits = 0;
  return {
    get hits() {
      return hits;
    },
    reach: (reached, by) => {
      if (reached !== gap || by !== consumer || hits > 0) return Promise.resolve();
      hits += 1;
      return Promise.reject(new Error(`the process ended ${gap}`));
    },
  };
}
