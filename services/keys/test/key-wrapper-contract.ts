import { randomBytes } from "node:crypto";
import { describe, expect, it } from "@jest/globals";
import type { Destruction, Kek, KeyWrapper, KmsErrorCode } from "@cloister/service-keys";
import { codeOfAsync } from "./codes.ts";

/** A KMS in which a contract can make KEKs. */
export interface KmsUnderTest {
  readonly wrapper: KeyWrapper;
  /** A KEK that is there, each time another. */
  newKek(): Promise<Kek>;
  /** The name of a KEK that is not there, in the provider's form. */
  absentKek(): Kek;
}

export interface Expected {
  readonly destroys: Destruction;
  readonly isExportable: boolean;
  /** What an imitation says instead where the real KMS says that it was another KEK. */
  readonly refusalOfAnotherKek?: KmsErrorCode;
}

/** What every KeyWrapper does, whatever KMS is behind it. `kms` is asked inside tests only. */
export function keyWrapperContract(
  kms: () => KmsUnderTest,
  { refusalOfAnotherKek = "KMS_CONTEXT_MISMATCH", ...expected }: Expected,
): void {
  const context = Buffer.from("tenant-wrapping-key of somebody");
  const key = randomBytes(32);

  async function wrapped() {
    const { wrapper, newKek } = kms();
    const kek = await newKek();
    return { wrapper, kek, sealed: await wrapper.wrap(kek, key, context) };
  }

  describe("wrapping", () => {
    it.each([1, 32, 64])("gives back %i bytes as they were", async (length) => {
      const { wrapper, newKek } = kms();
      const [kek, bytes] = [await newKek(), randomBytes(length)];
      const sealed = await wrapper.wrap(kek, bytes, context);
      expect(Buffer.from(await wrapper.unwrap(kek, sealed, context))).toEqual(bytes);
    });

    it("shows nothing of what it wrapped, and never the same twice", async () => {
      const { wrapper, kek, sealed } = await wrapped();
      expect(Buffer.from(sealed).includes(key)).toBe(false);
      expect(await wrapper.wrap(kek, key, context)).not.toEqual(sealed);
    });

    it("leaves what it was given as it was", async () => {
      const { wrapper, newKek } = kms();
      const given = Buffer.from(key);
      await wrapper.wrap(await newKek(), given, context);
      expect(given).toEqual(key);
    });

    it("binds the context, a long one and its last bit too", async () => {
      const { wrapper, newKek } = kms();
      const [kek, long] = [await newKek(), randomBytes(256)];
      const sealed = await wrapper.wrap(kek, key, long);
      const other = Buffer.from(long);
      other[255] = (other[255] ?? 0) ^ 1;
      expect(await codeOfAsync(wrapper.unwrap(kek, sealed, other))).toBe("KMS_CONTEXT_MISMATCH");
      expect(Buffer.from(await wrapper.unwrap(kek, sealed, long))).toEqual(key);
    });

    it("is undone by its own KEK alone", async () => {
      const { wrapper, sealed } = await wrapped();
      const other = await kms().newKek();
      expect(await codeOfAsync(wrapper.unwrap(other, sealed, context))).toBe(refusalOfAnotherKek);
    });

    it.each(["the first byte", "a byte in the middle", "the last byte"])("notices a change of %s", async (place) => {
      const { wrapper, kek, sealed } = await wrapped();
      const changed = Buffer.from(sealed);
      const at = { "the first byte": 0, "a byte in the middle": changed.length >> 1 }[place] ?? changed.length - 1;
      changed[at] = (changed[at] ?? 0) ^ 1;
      // Its beginning may say which KEK it is.
      const refusals = ["KMS_CONTEXT_MISMATCH", ...(at === 0 ? [refusalOfAnotherKek] : [])];
      expect(refusals).toContain(await codeOfAsync(wrapper.unwrap(kek, changed, context)));
    });

    it("notices what is cut off, and bytes that were never wrapped", async () => {
      const { wrapper, kek, sealed } = await wrapped();
      const broken = [sealed.subarray(0, -1), sealed.subarray(0, 1), randomBytes(60), new Uint8Array()];
      const codes = await Promise.all(broken.map((bytes) => codeOfAsync(wrapper.unwrap(kek, bytes, context))));
      expect(new Set(codes)).toEqual(new Set(["KMS_CONTEXT_MISMATCH"]));
    });

    it("keeps calls apart that come at once", async () => {
      const { wrapper, newKek } = kms();
      const [one, two] = [await newKek(), await newKek()];
      const all = Array.from({ length: 8 }, (_, index) => ({
        kek: index % 2 === 0 ? one : two,
        bytes: randomBytes(32),
      }));
      const opened = await Promise.all(
        all.map(async ({ kek, bytes }) => wrapper.unwrap(kek, await wrapper.wrap(kek, bytes, context), context)),
      );
      expect(opened.map((bytes) => Buffer.from(bytes))).toEqual(all.map(({ bytes }) => bytes));
    });
  });

  describe("a KEK", () => {
    it("is described as usable, with when it can be destroyed", async () => {
      const { wrapper, newKek } = kms();
      expect(await wrapper.describe(await newKek())).toMatchObject({ state: "usable", ...expected });
    });

    it("is kept when it is asked for again", async () => {
      const { wrapper, kek, sealed } = await wrapped();
      await wrapper.ensureKek(kek);
      expect(Buffer.from(await wrapper.unwrap(kek, sealed, context))).toEqual(key);
    });

    it("that is absent is unknown to every operation, and wrapping makes none", async () => {
      const { wrapper, absentKek } = kms();
      const kek = absentKek();
      const { sealed } = await wrapped();
      const calls = [
        () => wrapper.wrap(kek, key, context),
        () => wrapper.wrap(kek, key, context),
        () => wrapper.unwrap(kek, sealed, context),
        () => wrapper.describe(kek),
        () => wrapper.destroy(kek),
      ];
      const codes: string[] = [];
      for (const call of calls) codes.push(await codeOfAsync(call()));
      expect(codes).toEqual(calls.map(() => "KMS_KEY_UNKNOWN"));
    });

    if (expected.destroys === "at-once") {
      it("is gone with the answer when it is destroyed, and wrapping does not bring it back", async () => {
        const { wrapper, kek, sealed } = await wrapped();
        expect(await wrapper.destroy(kek)).toEqual({ destroys: "at-once" });
        const codes = [
          await codeOfAsync(wrapper.wrap(kek, key, context)),
          await codeOfAsync(wrapper.unwrap(kek, sealed, context)),
          await codeOfAsync(wrapper.describe(kek)),
        ];
        expect(codes).toEqual(["KMS_KEY_UNKNOWN", "KMS_KEY_UNKNOWN", "KMS_KEY_UNKNOWN"]);
      });
    }

    if (expected.destroys === "after-window") {
      it("is pending deletion once it is destroyed, and is told until when", async () => {
        const { wrapper, newKek } = kms();
        const kek = await newKek();
        const destroyed = await wrapper.destroy(kek);
        expect(destroyed).toEqual({ destroys: "after-window", goneAtMs: expect.any(Number) });
        expect(await wrapper.describe(kek)).toMatchObject({ state: "pending-deletion" });
      });
    }
  });
}
