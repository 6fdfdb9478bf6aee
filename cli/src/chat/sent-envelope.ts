/** What `fetch` is given and gives, and what left last as a message: the very bytes, on their way out of this process. */
export class SentEnvelope {
  #bytes: Uint8Array | undefined;

  /** Of the last message; undefined before the first. */
  get bytes(): Uint8Array | undefined {
    return this.#bytes;
  }

  readonly fetch: typeof fetch = (input, init) => {
    const url = input instanceof Request ? input.url : String(input);
    if (init?.method === "POST" && url.endsWith("/v1/messages") && init.body instanceof Uint8Array)
      this.#bytes = init.body;
    return fetch(input, init);
  };
}
