import { describe, expect, it } from "@jest/globals";
import { searchTerms } from "../src/words/search-terms.ts";

describe("search terms", () => {
  it("drop case, diacritics, endings and stop words", () => {
    expect(searchTerms("What are the Café's REFUNDS?")).toEqual(["cafe", "refund"]);
  });

  it("keep a placeholder in one piece", () => {
    expect(searchTerms("Call [PHONE_NUMBER_1], please")).toEqual(["call", "[phone_number_1]"]);
  });

  it("are the same for both spellings of one person", () => {
    expect(searchTerms("[PERSON_1.2]")).toEqual(searchTerms("[PERSON_1]"));
  });

  it("find the words of a script without spaces", () => {
    expect(searchTerms("東京の天気").length).toBeGreaterThan(1);
  });

  it("keep numbers", () => {
    expect(searchTerms("within 14 days")).toEqual(["within", "14", "dai"]);
  });
});
