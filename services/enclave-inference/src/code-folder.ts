/** The files that this service is made of: what simulated evidence measures. */
export const codeFolder = new URL(".", import.meta.url);
