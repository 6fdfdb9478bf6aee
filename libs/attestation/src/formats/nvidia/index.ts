/** NVIDIA's claims about GPUs: an entry point of its own, so that who doesn't meet them doesn't load it. */
export { nvidiaGpuVerifier } from "./verifier.ts";
