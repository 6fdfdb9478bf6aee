// Its own types import each other without file names, which TypeScript for Node doesn't follow.
declare module "@huggingface/tokenizers" {
  export class Tokenizer {
    /** The contents of tokenizer.json and of tokenizer_config.json. */
    constructor(tokenizer: object, config: object);
    encode(text: string, options?: { readonly add_special_tokens?: boolean }): { readonly ids: number[] };
  }
}
