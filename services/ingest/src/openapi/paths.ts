export const DOCUMENT_PATH = "/openapi.json";
export const PAGE_PATH = "/docs";
