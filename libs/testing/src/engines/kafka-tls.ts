import { join } from "node:path";
import { runTool } from "./engine-process.ts";

export interface KafkaTls {
  /** PEM, for clients to trust. */
  readonly caFile: string;
  readonly properties: Readonly<Record<string, string>>;
}

const PASSWORD = "for-tests-only";

/** A certificate for 127.0.0.1 and localhost, by Java's own tool, valid for a year. */
export async function makeKafkaTls(folder: string): Promise<KafkaTls> {
  const keystore = join(folder, "broker.p12");
  const caFile = join(folder, "ca.pem");
  const store = ["-keystore", keystore, "-storetype", "PKCS12", "-storepass", PASSWORD, "-alias", "broker"];
  await runTool("keytool", [
    ...["-genkeypair", ...store, "-keyalg", "EC", "-groupname", "secp256r1", "-validity", "365"],
    ...["-dname", "CN=localhost", "-ext", "san=ip:127.0.0.1,dns:localhost", "-ext", "bc:c"],
  ]);
  await runTool("keytool", ["-exportcert", "-rfc", ...store, "-file", caFile]);
  return {
    caFile,
    properties: {
      "listener.name.client.ssl.keystore.type": "PKCS12",
      "listener.name.client.ssl.keystore.location": keystore,
      "listener.name.client.ssl.keystore.password": PASSWORD,
      "listener.name.client.ssl.key.password": PASSWORD,
    },
  };
}
