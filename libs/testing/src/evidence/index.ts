/** Hardware of one's own: certificates, reports and documents, right ones and wrong ones, for tests. */
export {
  authority,
  extension,
  keyUsage,
  makeCertificate,
  makeRevocationList,
  TestKey,
  type CertificateFields,
} from "./certificate-maker.ts";
export { certificateTable, guidBytes, guids } from "./certificate-tables.ts";
export { boolean, der, explicit, ia5, integer, name, octets, oid, sequence, time } from "./der-writer.ts";
export { FakeKernel, type FakeProvider, type FakeReport, SystemError } from "./fake-kernel.ts";
export { countOutcomes, flips } from "./flips.ts";
export { TestNitro, type NitroOptions } from "./nitro-maker.ts";
export {
  chipIdOf,
  levels,
  snpGuest,
  SOUND_POLICY,
  TestAmd,
  type EndorsementOptions,
  type ReportOptions,
} from "./snp-maker.ts";
