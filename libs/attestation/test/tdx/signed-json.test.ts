import { describe, expect, it } from "@jest/globals";
import { readSignedJson } from "../../src/formats/tdx/signed-json.ts";

const signature = `"signature":"${"0a".repeat(64)}"`;
const read = (text: string) => readSignedJson(text, "tcbInfo");

describe("a document that Intel signs as it is spelled", () => {
  it.each([
    ["as Intel writes it", `{"tcbInfo":{"id":"TDX"},${signature}}`, '{"id":"TDX"}'],
    [
      "with its signature first, and white space",
      `{ ${signature} , "tcbInfo" : { "a" : [1, "}"] } }`,
      '{ "a" : [1, "}"] }',
    ],
    ["with brackets and quotation marks in its strings", `{"tcbInfo":{"a":"]}\\"{"},${signature}}`, '{"a":"]}\\"{"}'],
  ])("is read %s, and not a character of it is changed", (_what, text, signed) => {
    const { signedBytes, value } = read(text) ?? {};
    expect([Buffer.from(signedBytes ?? []).toString(), value]).toEqual([signed, JSON.parse(signed)]);
  });

  it.each([
    ["no JSON", `{"tcbInfo":{},${signature}`],
    ["a list", `[{"tcbInfo":{},${signature}}]`],
    ["a text", '"tcbInfo"'],
    ["nothing signed", `{${signature}}`],
    ["no signature", '{"tcbInfo":{}}'],
    ["a member that nobody signed", `{"tcbInfo":{},"more":1,${signature}}`],
    ["what is signed twice", `{"tcbInfo":{},"tcbInfo":{"id":"SGX"},${signature}}`],
    ["its name spelled twice in two ways", `{"tcbInfo":{},"\\u0074cbInfo":{"id":"SGX"},${signature}}`],
    ["another member in place of what is signed", `{"other":{},${signature}}`],
    ["another member in place of the signature", `{"tcbInfo":{},"other":"${"0a".repeat(64)}"}`],
    ["a signature in a list", `{"tcbInfo":{},"signature":["${"0a".repeat(64)}"]}`],
    ["a signature that is a number", '{"tcbInfo":{},"signature":1}'],
    ["a signature of another length", '{"tcbInfo":{},"signature":"0a"}'],
    ["a signature in capitals", `{"tcbInfo":{},"signature":"${"0A".repeat(64)}"}`],
    ["more than 256 KiB", `{"tcbInfo":{},${signature}${" ".repeat(256 * 1024)}}`],
  ])("is none with %s", (_what, text) => {
    expect(read(text)).toBeUndefined();
  });
});
