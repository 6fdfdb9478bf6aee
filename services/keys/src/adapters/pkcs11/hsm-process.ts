// Runs as a process of its own: an HSM's library blocks while it waits for its device, and a fault in it ends whoever
// loaded it. Only Node and the optional `pkcs11js` are loaded here. It ends with its parent.
import { HsmRefused, Hsm } from "./hsm.ts";
import type { HsmAnswer, HsmAnswered, HsmRequest } from "./hsm-protocol.ts";

let hsm: Hsm | undefined;

async function answer(request: HsmRequest): Promise<HsmAnswered> {
  if (request.operation === "open") {
    hsm = await Hsm.open(request);
    return {};
  }
  if (hsm === undefined) throw new HsmRefused("KMS_UNREACHABLE", "not opened");
  switch (request.operation) {
    case "wrap":
      return { bytes: hsm.wrap(request.key, request.bytes, request.context) };
    case "unwrap":
      return { bytes: hsm.unwrap(request.key, request.bytes, request.context) };
    case "describe":
      return { state: hsm.describe(request.key) };
    case "destroy":
      hsm.destroy(request.key);
      return {};
  }
}

process.on("disconnect", () => process.exit(0));
process.on("message", ({ id, request }: { readonly id: number; readonly request: HsmRequest }) => {
  const send = (answered: HsmAnswer): void => void process.send?.(answered);
  answer(request).then(
    (answered) => send({ id, ...answered }),
    (error: unknown) => {
      const { code, returned } = error instanceof HsmRefused ? error : new HsmRefused("KMS_UNREACHABLE", "unforeseen");
      send({ id, refusal: code, returned });
    },
  );
});
