import { execFile } from "node:child_process";
import { join } from "node:path";
import { promisify } from "node:util";

export interface CertificateFiles {
  /** PEM, for clients to trust as well. */
  readonly certificateFile: string;
  readonly keyFile: string;
}

/** A certificate for 127.0.0.1 and localhost that signs itself, valid for two days. */
export async function makeCertificate(folder: string): Promise<CertificateFiles> {
  const certificateFile = join(folder, "server.crt");
  const keyFile = join(folder, "server.key");
  const request = ["req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2"];
  const subject = ["-subj", "/CN=localhost", "-addext", "subjectAltName=IP:127.0.0.1,DNS:localhost"];
  await promisify(execFile)("openssl", [...request, ...subject, "-keyout", keyFile, "-out", certificateFile]);
  return { certificateFile, keyFile };
}
