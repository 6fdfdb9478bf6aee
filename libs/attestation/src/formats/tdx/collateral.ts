/**
 * What Intel publishes about a platform and an instance brings along: none of it is trusted before its signature and
 * its issuers up to the root are checked.
 */
export interface TdxCollateral {
  /** `{"tcbInfo":{…},"signature":"…"}`, not a character changed. */
  readonly tcbInfo: string;
  /** `{"enclaveIdentity":{…},"signature":"…"}`, not a character changed. */
  readonly qeIdentity: string;
  /** DER of the list of the PCK certificate's authority. */
  readonly pckCrl: Uint8Array;
  /** DER of the root's list. */
  readonly rootCrl: Uint8Array;
  /** DER, the signer first, the root last; Intel's TCB signing certificate if left out. */
  readonly tcbInfoIssuers?: readonly Uint8Array[];
  readonly qeIdentityIssuers?: readonly Uint8Array[];
  /** DER, the authority first, the root last; that of the quote's PCK chain if left out. */
  readonly pckCrlIssuers?: readonly Uint8Array[];
}
