import type { AuthorityChain, InstanceEvidence } from "@cloister/contracts/keys/authority";

/** A protobuf message's fields: a decoded message has them, and so has an object made by hand. */
export type FieldsOf<Message> = Omit<Message, "$typeName" | "$unknown">;

export type InstanceEvidenceFields = Omit<FieldsOf<InstanceEvidence>, "releaseManifests"> & {
  readonly releaseManifests?: Uint8Array[];
};

export type AuthorityChainFields = Omit<FieldsOf<AuthorityChain>, "keysEvidence"> & {
  readonly keysEvidence?: InstanceEvidenceFields | undefined;
};
