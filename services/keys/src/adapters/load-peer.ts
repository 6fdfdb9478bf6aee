import { KmsError } from "../kms/kms-errors.ts";

/** An optional package, loaded when a KMS that needs it is configured. @throws KmsError KMS_SDK_MISSING */
export async function loadPeer<T>(name: string, load: () => Promise<T>): Promise<T> {
  try {
    return await load();
  } catch (cause) {
    const sentence = `The package ${name} is not installed, or not for this Node: npm install ${name} beside Cloister.`;
    throw new KmsError("KMS_SDK_MISSING", sentence, { cause });
  }
}
