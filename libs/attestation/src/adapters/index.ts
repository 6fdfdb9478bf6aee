/** Where an instance gets evidence, whichever hardware it runs on. Node only. */
export {
  detectHardware,
  hardwareFormats,
  isThere,
  type HardwareFormat,
  type HardwarePlaces,
} from "./detect-hardware.ts";
export { gpuClaimsFromFolder, type GpuClaimsOptions } from "./gpu-claims-folder.ts";
