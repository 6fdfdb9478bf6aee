import type { EvidenceSource, EvidenceVerifier, GpuVerifier } from "@cloister/attestation";
import type { Transport } from "@connectrpc/connect";
import type { TlsIdentity } from "@cloister/keyring";
import type { Capabilities } from "@cloister/policy";
import type { Clock, Log } from "@cloister/service";
import type { Database } from "@cloister/storage";
import type { DoorCredentials } from "./doors/routes.ts";
import type { KeysRates } from "./limits/keys-limits.ts";
import type { OpenWithCredential } from "./kms/unlocked-kms.ts";
import type { KeyWrapper } from "./kms/key-wrapper.ts";

export interface KeysConfig {
  /** Where the three doors listen; port 0 takes a free one. In the clear (no `tls`) on loopback alone, in development. */
  readonly grpc: { readonly host: string; readonly port: number; readonly tls?: TlsIdentity };
  /** Health and metrics; without it none are served. */
  readonly http?: { readonly host: string; readonly port: number };
  readonly credentials: DoorCredentials;
  /** SHA-384 of the security-relevant configuration, 48 bytes. */
  readonly configurationDigest: Uint8Array;
  /** Roots of simulated evidence that sessions are begun for; empty outside development. */
  readonly simulatedRoots: readonly Uint8Array[];
  readonly allowDevelopment: boolean;
  /** What this deployment can prove. */
  readonly capabilities: Capabilities;
  /** Of a `keys` that a tenant runs for itself: the only tenants that it serves, in hex; missing: all that come. */
  readonly tenants?: readonly string[];
  /** How much one instance and one tenant may ask for; those of `defaultRates`. */
  readonly rates?: KeysRates;
  /** How long a tenant's wrapping key stays unwrapped; 5 minutes. */
  readonly wrappingKeyLeaseMs?: number;
  /** How long a tenant's KMS is waited for, once; then its calls are refused while it is away. 1 s. */
  readonly kmsTimeoutMs?: number;
}

export interface KeysPorts {
  readonly db: Database;
  readonly keyWrapper: KeyWrapper;
  /** Opens a tenant's KMS with the credential that the tenant unlocked this with; without it none is taken. */
  readonly openWithCredential?: OpenWithCredential;
  /** To the Release doors of the other instances. */
  readonly peers?: readonly Transport[];
  readonly evidence: EvidenceSource;
  readonly verifiers: readonly EvidenceVerifier[];
  /** Without it an instance that has to run beside an attested GPU is refused. */
  readonly gpuVerifier?: GpuVerifier;
  readonly clock: Clock;
  readonly log: Log;
}
