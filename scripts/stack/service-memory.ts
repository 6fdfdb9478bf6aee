/**
 * The environment that keeps a service small: a young generation of 12 MiB in place of 48, a heap that ends the process
 * rather than the machine, and two arenas of glibc's allocator in place of eight a core. The images set the same.
 */
export const serviceMemory = {
  NODE_OPTIONS: "--max-semi-space-size=4 --max-old-space-size=256",
  MALLOC_ARENA_MAX: "2",
} as const;
