import { describe, expect, it } from "@jest/globals";
import { createDetector } from "@cloister/pii";

const detector = createDetector();
const found = (text: string): string[] =>
  detector.detect(text).map(({ start, end, type }) => `${type} ${text.slice(start, end)}`);

describe("values in disguise", () => {
  it.each([
    ["as URLs escape them", "ssn=219%2D09%2D9999", "US_SSN 219%2D09%2D9999"],
    ["as HTML does in hexadecimal", "to maria&#x40;example.com", "EMAIL_ADDRESS maria&#x40;example.com"],
    ["as JSON does", "to maria\\u0040example.com", "EMAIL_ADDRESS maria\\u0040example.com"],
    ["as mail does", "to maria=40example.com", "EMAIL_ADDRESS maria=40example.com"],
    ["over a soft line break", "card 4539 1488 =\n0343 6467", "CREDIT_CARD 4539 1488 =\n0343 6467"],
    ["with a full stop of East Asia", "to maria@example\u3002com", "EMAIL_ADDRESS maria@example\u3002com"],
    ["with a comma for the last full stop", "to maria@example,com", "EMAIL_ADDRESS maria@example,com"],
    ["in base64, whole", "x NDUzOSAxNDg4IDAzNDMgNjQ2Nw== y", "CREDIT_CARD NDUzOSAxNDg4IDAzNDMgNjQ2Nw=="],
    ["letter by letter", "my name is M a r i a G o n z a l e z", "PERSON M a r i a G o n z a l e z"],
    [
      "sign by sign",
      "iban D E 8 9 3 7 0 4 0 0 4 4 0 5 3 2 0 1 3 0 0 0",
      "IBAN_CODE D E 8 9 3 7 0 4 0 0 4 4 0 5 3 2 0 1 3 0 0 0",
    ],
    ["glued to their label", "card4539148803436467end", "CREDIT_CARD 4539148803436467"],
    ["beside a script without spaces", "電話は090-1234-5678です", "PHONE_NUMBER 090-1234-5678"],
    ["between letters of such a script", "卡号4111111111111111已挂失", "CREDIT_CARD 4111111111111111"],
    ["as an address between them", "地址8.8.8.8的", "IP_ADDRESS 8.8.8.8"],
    ["with odd signs between", "card 4539:1488:0343:6467", "CREDIT_CARD 4539:1488:0343:6467"],
    ["as a name with digits for letters", "my name is j0hn sm1th", "PERSON j0hn sm1th"],
  ])("are found %s", (_how, text, expected) => {
    expect(found(text)).toContain(expected);
  });

  it.each([
    "aGVsbG8gd29ybGQsIHRoaXMgaXMgZmluZQ==",
    "h264, mp3, b2b, c0de and l33t",
    "100%20 of it, x=40 and y=2D",
    "build 22631.3007, batch 000123456",
    "A1 B2 C3 D4 E5 F6 G7 H8",
    "const x = arr.map((v) => v * 2)",
  ])("are not seen in %j", (text) => {
    expect(found(text)).toEqual([]);
  });
});
