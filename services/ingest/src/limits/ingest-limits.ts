/** How much one tenant, one address and all together may take: of all instances together where rates are shared, of each otherwise. */
export interface IngestLimits {
  /** Requests of a tenant in a second. */
  readonly tenantRequestsPerSecond: number;
  /** What a tenant may send beyond that, in any ten seconds. */
  readonly tenantBurst: number;
  /** Streams of replies that a tenant may keep open. */
  readonly tenantStreams: number;
  /** Other requests of a tenant that may be in work at a time. */
  readonly tenantOpenRequests: number;
  /** Requests without valid access that an address may make in a minute. */
  readonly addressRequestsPerMinute: number;
  /** Connections that an address may keep open. */
  readonly addressConnections: number;
  /** Connections of all together. */
  readonly connections: number;
  /** How long a client may take to send its request's headers. */
  readonly headersTimeoutMs: number;
  /** How long a client may take to send a whole request. */
  readonly requestTimeoutMs: number;
  /** How long a reader may leave what was sent to it unread. */
  readonly stalledReaderMs: number;
}

export const defaultLimits: IngestLimits = {
  tenantRequestsPerSecond: 200,
  tenantBurst: 1_000,
  tenantStreams: 1_000,
  tenantOpenRequests: 200,
  addressRequestsPerMinute: 120,
  addressConnections: 500,
  connections: 10_000,
  headersTimeoutMs: 10_000,
  requestTimeoutMs: 30_000,
  stalledReaderMs: 30_000,
};
