/** The certificates of one product line that AMD signs keys of its chips with. */
export interface AmdAuthorities {
  /** AMD root key, signed by itself. */
  readonly ark: string;
  /** AMD SEV key: signs VCEKs. */
  readonly ask: string;
  /** AMD SEV-VLEK key: signs VLEKs. */
  readonly asvk: string;
}
