/** What Intel says about the versions of a platform's parts, in the words of TCB info. */
export const tcbStatuses = [
  "UpToDate",
  "SWHardeningNeeded",
  "ConfigurationNeeded",
  "ConfigurationAndSWHardeningNeeded",
  "OutOfDate",
  "OutOfDateConfigurationNeeded",
  "Revoked",
] as const;

/** With the two that only the evaluation of a TDX 1.5 quote comes to. */
export type TcbStatus = (typeof tcbStatuses)[number] | "TDRelaunchAdvised" | "TDRelaunchAdvisedConfigurationNeeded";

/** Intel's names for the same as results of a verification. */
export const qvResults = {
  UpToDate: "OK",
  SWHardeningNeeded: "SW_HARDENING_NEEDED",
  ConfigurationNeeded: "CONFIG_NEEDED",
  ConfigurationAndSWHardeningNeeded: "CONFIG_AND_SW_HARDENING_NEEDED",
  OutOfDate: "OUT_OF_DATE",
  OutOfDateConfigurationNeeded: "OUT_OF_DATE_CONFIG_NEEDED",
  Revoked: "REVOKED",
  TDRelaunchAdvised: "TD_RELAUNCH_ADVISED",
  TDRelaunchAdvisedConfigurationNeeded: "TD_RELAUNCH_ADVISED_CONFIG_NEEDED",
} as const satisfies Readonly<Record<TcbStatus, string>>;

export type QvResult = (typeof qvResults)[TcbStatus];

/** A result by one of its names: OK, SGX_QL_QV_RESULT_OK, TEE_QV_RESULT_OK or UpToDate, in any case. */
export function qvResultNamed(name: string): QvResult | undefined {
  const wanted = name.toUpperCase().replace(/^(?:SGX_QL|TEE)_QV_RESULT_/, "");
  const found = Object.entries(qvResults).find(
    ([status, result]) => result === wanted || status.toUpperCase() === wanted,
  );
  return found?.[1];
}

/** The platform's status where a part of it (TDX module, quoting enclave) has one of its own: the worse counts. */
export function withPart(platform: TcbStatus, part: TcbStatus): TcbStatus {
  if (part === "Revoked") return "Revoked";
  if (part === "UpToDate") return platform;
  switch (platform) {
    case "UpToDate":
    case "SWHardeningNeeded":
      return "OutOfDate";
    case "ConfigurationNeeded":
    case "ConfigurationAndSWHardeningNeeded":
      return "OutOfDateConfigurationNeeded";
    default:
      return platform;
  }
}

export function needsConfiguration(status: TcbStatus): boolean {
  return (
    status === "ConfigurationNeeded" ||
    status === "ConfigurationAndSWHardeningNeeded" ||
    status === "OutOfDateConfigurationNeeded"
  );
}
