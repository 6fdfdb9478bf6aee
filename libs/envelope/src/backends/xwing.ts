/** draft-connolly-cfrg-xwing-kem: how the two KEMs' parts lie in keys and encapsulations, and what the combiner hashes. */
export const XWING = {
  mlKemPublicKeyBytes: 1184,
  mlKemCiphertextBytes: 1088,
  mlKemSeedBytes: 64,
  /** SHAKE256 output for one key pair: ML-KEM seed (d ‖ z), then the X25519 private key. */
  expandedBytes: 96,
  publicKeyBytes: 1216,
  encBytes: 1120,
  seedBytes: 32,
  /** \.//^\ */
  label: Uint8Array.of(0x5c, 0x2e, 0x2f, 0x2f, 0x5e, 0x5c),
} as const;
