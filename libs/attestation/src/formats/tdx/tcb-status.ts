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

/** Intel's libraries and documents spell results in several ways. */
const spellings: ReadonlyMap<string, QvResult> = new Map(
  Object.entries(qvResults).flatMap(([status, result]) => [
    [spelled(status), result],
    [spelled(result), result],
  ]),
);

/** A result by one of its names, in any case: OK, SGX_QL_QV_RESULT_OK, TEE_QV_RESULT_OK, STATUS_TCB_OUT_OF_DATE, UpToDate. */
export function qvResultNamed(name: string): QvResult | undefined {
  return spellings.get(spelled(name));
}

function spelled(name: string): string {
  const bare = name.toUpperCase().replace(/^(?:(?:SGX_QL|TEE)_QV_RESULT|(?:STATUS_)?TCB)_/, "");
  return bare.replaceAll("_", "").replaceAll("CONFIGURATION", "CONFIG");
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
