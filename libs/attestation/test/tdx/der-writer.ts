/** Just enough DER (X.690) to make certificates and lists up, broken ones included. */
export function der(tag: number, ...contents: readonly Uint8Array[]): Uint8Array {
  const content = Buffer.concat(contents);
  const length = content.length;
  const head = length < 0x80 ? [length] : length < 0x100 ? [0x81, length] : [0x82, length >> 8, length & 0xff];
  return Uint8Array.of(tag, ...head, ...content);
}

export const sequence = (...contents: readonly Uint8Array[]): Uint8Array => der(0x30, ...contents);
export const octets = (content: Uint8Array): Uint8Array => der(0x04, content);
export const context = (n: number, ...contents: readonly Uint8Array[]): Uint8Array => der(0xa0 | n, ...contents);
export const bits = (content: Uint8Array): Uint8Array => der(0x03, Uint8Array.of(0), content);
export const boolean = (value: boolean): Uint8Array => der(0x01, Uint8Array.of(value ? 0xff : 0));

export function integer(value: number | Uint8Array): Uint8Array {
  const bytes = typeof value === "number" ? Buffer.from(value.toString(16).padStart(8, "0"), "hex") : value;
  const first = bytes.findIndex((byte) => byte !== 0);
  const shortest = first === -1 ? Uint8Array.of(0) : bytes.subarray(first);
  return der(0x02, (shortest[0] ?? 0) >= 0x80 ? Uint8Array.of(0, ...shortest) : shortest);
}

export function oid(dotted: string): Uint8Array {
  const [first = 0, second = 0, ...rest] = dotted.split(".").map(Number);
  return der(0x06, Uint8Array.from([first * 40 + second, ...rest].flatMap(base128)));
}

function base128(arc: number): number[] {
  const digits = [arc & 0x7f];
  for (let left = arc >>> 7; left > 0; left >>>= 7) digits.unshift((left & 0x7f) | 0x80);
  return digits;
}

export function generalizedTime(ms: number): Uint8Array {
  const text = new Date(ms).toISOString().replace(/\.\d+/, "").replace(/[-:T]/g, "");
  return der(0x18, Buffer.from(text));
}

export function pem(...ders: readonly Uint8Array[]): string {
  const blocks = ders.map((bytes) => {
    const lines =
      Buffer.from(bytes)
        .toString("base64")
        .match(/.{1,64}/g) ?? [];
    return ["-----BEGIN CERTIFICATE-----", ...lines, "-----END CERTIFICATE-----", ""].join("\n");
  });
  return blocks.join("");
}
