import type { QvResult } from "./tcb-status.ts";

/** What a verifier asks of a quote beyond its signatures. */
export interface TdxRequirements {
  /** The platform's status by Intel's rules must be one of these. `REVOKED` is never accepted. */
  readonly acceptedResults: readonly QvResult[];
  /** Without it, neither TCB info nor QE identity is read, and the platform's status stays unknown. */
  readonly isTcbEvaluationRequired: boolean;
  /** TCB info and QE identity past their next update: Intel may have published worse news since. */
  readonly isExpiredCollateralAccepted: boolean;
  /** Debug bit clear, no reserved bit of TD attributes set, XFAM within what TDX allows. */
  readonly enforcesSpecDefaults: boolean;
  readonly minTcbEvaluationDataNumber?: number;
  /** 16 bytes, each compared for itself. */
  readonly minTeeTcbSvn?: Uint8Array;
  readonly allowedMrSeams?: readonly Uint8Array[];
  readonly expected: ExpectedFields;
}

/** Exact values of fields; what is left out may be anything. */
export interface ExpectedFields {
  readonly fmspc?: Uint8Array;
  readonly qeVendorId?: Uint8Array;
  readonly tdAttributes?: Uint8Array;
  readonly xfam?: Uint8Array;
  readonly mrSignerSeam?: Uint8Array;
  readonly seamAttributes?: Uint8Array;
  readonly mrTd?: Uint8Array;
  readonly mrConfigId?: Uint8Array;
  readonly mrOwner?: Uint8Array;
  readonly mrOwnerConfig?: Uint8Array;
  readonly rtmr3?: Uint8Array;
  readonly reportData?: Uint8Array;
}

/** What evidence has to meet unless a policy says otherwise: current, up to date, and no debugger. */
export const strictRequirements: TdxRequirements = {
  acceptedResults: ["OK"],
  isTcbEvaluationRequired: true,
  isExpiredCollateralAccepted: false,
  enforcesSpecDefaults: true,
  expected: {},
};
