import { describe, expect, it } from "@jest/globals";
import { createDetector } from "@cloister/pii";

it("finds a name", () => {
  expect(createDetector().detect("my name is maria gonzalez")).toHaveLength(1);
});
