import { describe, expect, it } from "@jest/globals";
import fc from "fast-check";
import { createDetector, type Detector, type DetectorOptions } from "@cloister/pii";

const patternsOnly = createDetector({ names: false });

/** What was found, as `TYPE value`. */
function found(text: string, detector: Detector = patternsOnly): string[] {
  return detector.detect(text).map(({ start, end, type }) => `${type} ${text.slice(start, end)}`);
}

describe("addresses on the net", () => {
  it.each([
    ["write to a.b+c@sub.example.co.uk, please", ["EMAIL_ADDRESS a.b+c@sub.example.co.uk"]],
    ["Mail Jörg@müller-straße.de!", ["EMAIL_ADDRESS Jörg@müller-straße.de"]],
    ["\uff42\uff4f\uff42\uff20example.com", ["EMAIL_ADDRESS \uff42\uff4f\uff42\uff20example.com"]],
    ["b\u200bob@exam\u00adple.com", ["EMAIL_ADDRESS b\u200bob@exam\u00adple.com"]],
    ["no address: a@b, @handle, a @ b.com", ["URL b.com"]],
    ["see https://example.com/a?b=c#d.", ["URL https://example.com/a?b=c#d"]],
    ["(see www.example.org/x)", ["URL www.example.org/x"]],
    ["go to shop.example.de/cart now", ["URL shop.example.de/cart"]],
    ["I waited.So did she. e.g. file.txt and index.js", []],
    ["from 192.168.1.254 and 10.0.0.0/8", ["IP_ADDRESS 192.168.1.254", "IP_ADDRESS 10.0.0.0/8"]],
    ["version 1.2.3.4.5 or 300.1.1.1", []],
    [
      "fe80::1, 2001:db8:0:0:0:0:2:1 and ::ffff:10.1.2.3",
      ["IP_ADDRESS fe80::1", "IP_ADDRESS 2001:db8:0:0:0:0:2:1", "IP_ADDRESS ::ffff:10.1.2.3"],
    ],
    ["std::vector, at 10:30:45, 1:2:3:4:5:6:7", []],
  ])("finds them in %j", (text, expected) => {
    expect(found(text)).toEqual(expected);
  });
});

describe("numbers with a checksum", () => {
  it.each([
    ["card 4111 1111 1111 1111", ["CREDIT_CARD 4111 1111 1111 1111"]],
    ["5555-5555-5555-4444", ["CREDIT_CARD 5555-5555-5555-4444"]],
    ["amex 378282246310005.", ["CREDIT_CARD 378282246310005"]],
    ["\uff14\uff11\uff11\uff11111111111111", ["CREDIT_CARD \uff14\uff11\uff11\uff11111111111111"]],
    ["not a card: 4111 1111 1111 1112", []],
    ["order 0000000000000000", []],
    ["DE89 3704 0044 0532 0130 00 is mine", ["IBAN_CODE DE89 3704 0044 0532 0130 00"]],
    ["iban gb82west12345698765432 thanks", ["IBAN_CODE gb82west12345698765432"]],
    ["GB82WEST12345698765431", []],
    ["my ssn is 536-90-4399", ["US_SSN 536-90-4399"]],
    ["social security 536904399", ["US_SSN 536904399"]],
    ["order 666-12-3456 or 123-00-4567", []],
  ])("are found and checked in %j", (text, expected) => {
    expect(found(text)).toEqual(expected);
  });
});

describe("telephone numbers", () => {
  it.each([
    ["+49 30 901820", ["PHONE_NUMBER +49 30 901820"]],
    ["call (415) 555-2671 ext. 12", ["PHONE_NUMBER (415) 555-2671 ext. 12"]],
    ["0044 20 7946 0958", ["PHONE_NUMBER 0044 20 7946 0958"]],
    ["Tel. 089 72634112", ["PHONE_NUMBER 089 72634112"]],
    ["my number is 4155552671", ["PHONE_NUMBER 4155552671"]],
    ["my grandpa (1921-2010) and the years 1914 - 1918", []],
    ["ring the bell on 27. 07. 2014 or 2014. 02. 26", []],
    ["built in 2019, cost 1,250,000 or 99.95", []],
    ["invoice 20391 of 12/04/2024", ["DATE_TIME 12/04/2024"]],
  ])("are found in %j", (text, expected) => {
    expect(found(text)).toEqual(expected);
  });
});

describe("dates", () => {
  it.each([
    ["born 3/23/1940", ["DATE_TIME 3/23/1940"]],
    ["DOB: 23.03.40", ["DATE_TIME 23.03.40"]],
    ["on 1993-01-04 14:56:41", ["DATE_TIME 1993-01-04 14:56:41"]],
    ["March 23rd, 1940 or 23 March 1940", ["DATE_TIME March 23rd, 1940", "DATE_TIME 23 March 1940"]],
    ["33/14/1940 and 1/2", []],
  ])("are found in %j", (text, expected) => {
    expect(found(text)).toEqual(expected);
  });
});

// Put together here, so that no scanner takes this file for a leak.
const fill = (length: number): string => "a1B2c3D4e5F6g7H8i9J0".repeat(20).slice(0, length);

describe("secrets", () => {
  it.each([
    ["AWS key", `AKIA${fill(16).toUpperCase()}`],
    ["Google key", `AIza${fill(35)}`],
    ["GitHub token", `ghp_${fill(36)}`],
    ["Slack token", `xoxb-${fill(24)}`],
    ["Stripe key", `sk_live_${fill(24)}`],
    ["model vendor's key", `sk-ant-${fill(40)}`],
    ["JSON web token", `eyJ${fill(20)}.eyJ${fill(30)}.${fill(43)}`],
    ["private key", `-----BEGIN RSA PRIVATE KEY-----\n${fill(64)}\n${fill(20)}==\n-----END RSA PRIVATE KEY-----`],
    ["OAuth client secret", `GOCSPX-${fill(28)}`],
    ["Hugging Face token", `hf_${fill(34)}`],
    ["Vault token", `hvs.${fill(30)}`],
    ["Telegram bot token", `123456789:AA${fill(33)}`],
    ["connection string", "postgres://app:s3cret@db.internal:5432/main"],
  ])("a whole %s is found", (_name, secret) => {
    expect(found(`use ${secret} here`)).toEqual([`SECRET ${secret}`]);
  });

  it.each([
    [`Authorization: Bearer ${fill(40)}`, [`SECRET ${fill(40)}`]],
    [`AccountName=x;AccountKey=${fill(86)}==;`, [`SECRET ${fill(86)}==`]],
    ["the bearer of this letter", []],
    ["password: Tr0ub4dor&3", ["SECRET Tr0ub4dor&3"]],
    ["DB_PASSWORD='x9!kQ2zz'", ["SECRET x9!kQ2zz"]],
    ["the password is wrong and the token was refused", []],
    ["I forgot my password yesterday", []],
  ])("an assigned one is found by its value in %j", (text, expected) => {
    expect(found(text)).toEqual(expected);
  });
});

describe("names", () => {
  const detector = createDetector();

  it.each([
    ["my name is maria gonzalez and i live in zurich", ["PERSON maria gonzalez", "LOCATION zurich"]],
    [
      "Sarah O'Connor works at Acme Corp in Berlin.",
      ["PERSON Sarah O'Connor", "ORGANIZATION Acme Corp", "LOCATION Berlin"],
    ],
    ["THE PATIENT JOHN MILLER IS HERE", ["PERSON JOHN MILLER"]],
    ["Dear Dr. Patel,", ["PERSON Patel"]],
    ["Will the card work in May?", []],
    ["How do I reset my password?", []],
  ])("are found in %j", (text, expected) => {
    expect(found(text, detector)).toEqual(expected);
  });
});

describe("options", () => {
  const text = "Ann, mail ann@example.com or ring +49 30 901820";
  const withOptions = (options: DetectorOptions) => found(text, createDetector({ names: false, ...options }));

  it("look only for the entities asked for", () => {
    expect(withOptions({ entities: ["PHONE_NUMBER"] })).toEqual(["PHONE_NUMBER +49 30 901820"]);
  });

  it("leave out what scores below the threshold", () => {
    expect(withOptions({ threshold: 0.99 })).toEqual(["EMAIL_ADDRESS ann@example.com"]);
  });

  it("never report what is on the allow list, however it is written", () => {
    expect(withOptions({ allow: ["ANN@Example.com", "+4930901820"] })).toEqual([]);
  });

  it("always report what is on the deny list, however it is written", () => {
    expect(withOptions({ entities: ["PERSON"], deny: [{ value: "ANN", type: "PERSON" }] })).toEqual([
      "PERSON Ann",
      "PERSON ann",
    ]);
  });

  it("explain each span by its detector and the words near it, without the value", () => {
    const [span] = createDetector({ entities: ["CREDIT_CARD"] }).explain("visa 4111111111111111");
    expect(span).toMatchObject({ detector: "credit-card", evidence: 'pattern, near "visa"', score: 1 });
  });
});

describe("long texts of one kind", () => {
  it.each(["1 ", "one ", "x at y dot com ", "ab1234567 ", "Maria "])("of %j are read to their end", (unit) => {
    const text = `${unit.repeat(100_000 / unit.length)} write to bob@example.com`;
    expect(found(text).at(-1)).toBe("EMAIL_ADDRESS bob@example.com");
  });
});

describe("properties of detection", () => {
  const detector = createDetector({ threshold: 0.01 });
  const anyText = fc.array(
    fc.oneof(
      fc.constantFrom(
        "maria",
        "@",
        "example.com",
        "4111 1111",
        " 1111 1111",
        "+49 30 ",
        "\u200b",
        "\u202e",
        "\uff11",
        "é",
        "::",
        "://",
        "password=",
      ),
      fc.string({ unit: "binary", maxLength: 8 }),
    ),
    { maxLength: 20 },
  );

  it("spans are in order, apart from each other and inside the text, whatever the text", () => {
    fc.assert(
      fc.property(anyText, (pieces) => {
        const text = pieces.join("");
        let last = 0;
        for (const { start, end, score } of detector.detect(text)) {
          expect(start).toBeGreaterThanOrEqual(last);
          expect(end).toBeGreaterThan(start);
          expect(end).toBeLessThanOrEqual(text.length);
          expect(score).toBeGreaterThan(0);
          last = end;
        }
      }),
    );
  });
});

describe("what somebody else found", () => {
  const detector = createDetector({ entities: ["PERSON", "ORGANIZATION", "EMAIL_ADDRESS"], names: false });
  const other = (start: number, end: number, type: "PERSON" | "ORGANIZATION" | "URL", score = 0.99) => {
    return { start, end, type, score, detector: "other", evidence: "" };
  };

  it("is added, with places in the text as it was typed", () => {
    const text = "d\u200br. zorblax, zoe@example.org";
    expect(detector.detect(text, [other(4, 11, "PERSON")])).toEqual([
      { start: 5, end: 12, type: "PERSON", score: 0.99 },
      expect.objectContaining({ start: 14, end: 29, type: "EMAIL_ADDRESS" }),
    ]);
  });

  it("takes no place from an address, whatever its score, and keeps what is beside it", () => {
    const text = "ask zorblax@example.org quentor";
    const types = detector.detect(text, [other(4, 31, "PERSON", 1)]).map(({ type, start }) => [type, start]);
    expect(types).toEqual([
      ["EMAIL_ADDRESS", 4],
      ["PERSON", 24],
    ]);
  });

  it("is left out below the threshold or where its kind isn't wanted", () => {
    expect(detector.detect("zorblax met gnarp", [other(0, 7, "PERSON", 0.4), other(12, 17, "URL")])).toEqual([]);
  });

  it("is merged with our names by score", () => {
    const ours = createDetector();
    const text = "I called Maria Schneider today.";
    const typeWith = (score: number) => ours.detect(text, [other(9, 24, "ORGANIZATION", score)])[0]?.type;
    expect([typeWith(0.51), typeWith(0.99)]).toEqual(["PERSON", "ORGANIZATION"]);
  });
});
