export interface CodeMeaning {
  readonly title: string;
  readonly remedy: string;
}

/**
 * What a dead letter's code says; undefined for one of an engine, such as PostgreSQL's. The catalogues of the services
 * come with the services: loaded only for this.
 */
export async function meaningOf(code: string): Promise<CodeMeaning | undefined> {
  const { recordCodes } = await import("@cloister/embedded/record-codes");
  return recordCodes[code];
}
