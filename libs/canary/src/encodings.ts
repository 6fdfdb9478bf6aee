/** A way in which a typed value could lie around: its name and the byte strings that give it away. */
export interface EncodedForm {
  readonly encoding: string;
  readonly bytes: Uint8Array;
}

const utf16be = (text: string): Buffer => Buffer.from(text, "utf16le").swap16();

/** The characters of a base64 text that depend on `bytes` alone, when `bytes` starts `phase` bytes into a group of three. */
function base64Core(bytes: Uint8Array, phase: number): string {
  const padded = Buffer.concat([Buffer.alloc(phase), bytes]);
  const firstWholeCharacter = Math.ceil((phase * 8) / 6);
  const endOfWholeCharacters = Math.floor((padded.length * 8) / 6);
  return padded.toString("base64").slice(firstWholeCharacter, endOfWholeCharacters);
}

const escapedAscii = (text: string): string =>
  JSON.stringify(text)
    .slice(1, -1)
    .replace(/[\u0080-\uffff]/g, (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, "0")}`);

/** UTF-8, UTF-16 of both byte orders and JSON-escaped (raw and ASCII). Equal byte strings are listed once. */
export function textForms(text: string): EncodedForm[] {
  return distinct([
    { encoding: "utf-8", bytes: Buffer.from(text, "utf8") },
    { encoding: "utf-16le", bytes: Buffer.from(text, "utf16le") },
    { encoding: "utf-16be", bytes: utf16be(text) },
    { encoding: "json", bytes: Buffer.from(JSON.stringify(text).slice(1, -1), "utf8") },
    { encoding: "json-ascii", bytes: Buffer.from(escapedAscii(text), "utf8") },
  ]);
}

/** Base64 and base64url in all three phases, and hex in both cases, of the UTF-8 bytes (RFC 4648). */
export function binaryForms(text: string): EncodedForm[] {
  const utf8 = Buffer.from(text, "utf8");
  const forms: EncodedForm[] = [
    { encoding: "hex", bytes: Buffer.from(utf8.toString("hex")) },
    { encoding: "hex-upper", bytes: Buffer.from(utf8.toString("hex").toUpperCase()) },
  ];
  for (const phase of [0, 1, 2]) {
    const core = base64Core(utf8, phase);
    forms.push({ encoding: `base64+${phase}`, bytes: Buffer.from(core) });
    forms.push({
      encoding: `base64url+${phase}`,
      bytes: Buffer.from(core.replaceAll("+", "-").replaceAll("/", "_")),
    });
  }
  return distinct(forms);
}

function distinct(forms: EncodedForm[]): EncodedForm[] {
  const seen = new Set<string>();
  return forms.filter(({ bytes }) => {
    const key = Buffer.from(bytes).toString("latin1");
    return seen.has(key) ? false : seen.add(key);
  });
}
