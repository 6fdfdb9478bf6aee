import type { Kysely } from "kysely";
import type { EvidenceVerifier, GpuVerifier } from "@cloister/attestation";
import type { Transport } from "@connectrpc/connect";
import type { InstanceIdentity } from "@cloister/keyring";
import type { Capabilities } from "@cloister/policy";
import type { Audit, Clock, Log } from "@cloister/service";
import type { AuthorityChains } from "./authority/chain.ts";
import type { PolicyBook } from "./authority/policy-book.ts";
import type { TenantKeyLeases } from "./hierarchy/tenant-key-leases.ts";
import type { KeysLimits } from "./limits/keys-limits.ts";
import type { Evictions } from "./revocation/revocations.ts";
import type { KeyWrapper } from "./kms/key-wrapper.ts";
import type { OpenWithCredential, UnlockedKms } from "./kms/unlocked-kms.ts";
import type { UnlockedTenants } from "./unlock/unlocked-tenants.ts";
import type { KeysTables } from "./records/tables.ts";

/** What the steps of `keys` work with. */
export interface KeysParts {
  readonly db: Kysely<KeysTables>;
  /** The name of the schema that `db` means, for raw SQL. */
  readonly schema: string;
  readonly clock: Clock;
  readonly tenantKeys: TenantKeyLeases;
  /** What tenants have unlocked this instance with. */
  readonly unlocked: UnlockedTenants;
  /** Logins at tenants' KMS with what they gave; undefined where keys takes nothing of theirs. */
  readonly unlockedKms: UnlockedKms | undefined;
  /** Opens a tenant's KMS with what it gave; undefined where keys takes nothing of theirs. */
  readonly openWithCredential: OpenWithCredential | undefined;
  /** Tenants' KMS with the credentials that there are. */
  readonly kms: KeyWrapper;
  /** The login at the tenant's KMS ends, and it is asked at once again, however long it was away. */
  readonly credentialChanged: (tenantId: Uint8Array) => void;
  /** To the Release doors of the other instances. */
  readonly peers: readonly Transport[];
  readonly policies: PolicyBook;
  readonly chains: AuthorityChains;
  /** This instance: its evidence and the key that signs issuer notes and released keys. */
  readonly identity: InstanceIdentity;
  readonly verifiers: readonly EvidenceVerifier[];
  readonly gpuVerifier: GpuVerifier | undefined;
  /** Roots of simulated evidence that sessions are begun for; empty outside development. A policy decides on keys. */
  readonly simulatedRoots: readonly Uint8Array[];
  readonly allowDevelopment: boolean;
  readonly limits: KeysLimits;
  /** Told of each refusal, of whole calls and of single keys. */
  readonly audit: Audit;
  /** Told of how leases end before their time. */
  readonly evictions: Evictions;
  readonly log: Log;
  /** What this deployment can prove; whatever a preset needs beyond it takes a `development` policy. */
  readonly capabilities: Capabilities;
  /** The only tenants that are served, in hex, where a tenant runs `keys` for itself. */
  readonly ownTenants: ReadonlySet<string> | undefined;
  /** Removes what deleted rows leave behind in the database's files. */
  readonly scrub: () => Promise<void>;
}
