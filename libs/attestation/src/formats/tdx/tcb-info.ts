import * as z from "zod/mini";
import { advisoriesField, hexField, timeField, uint16Field, uint32Field, uint8Field } from "./json-fields.ts";
import { tcbStatuses } from "./tcb-status.ts";

const components = z.array(z.object({ svn: uint8Field })).check(z.length(16));
export const partLevelField = z.object({
  tcb: z.object({ isvsvn: uint16Field }),
  tcbDate: timeField,
  tcbStatus: z.enum(tcbStatuses),
  advisoryIDs: advisoriesField,
});
const module = { mrsigner: hexField(48), attributes: hexField(8), attributesMask: hexField(8) };

/** TCB info of version 3 for TDX (Intel PCS API, "Get TDX TCB Info"). */
const tcbInfo = z.object({
  id: z.literal("TDX"),
  version: z.literal(3),
  issueDate: timeField,
  nextUpdate: timeField,
  fmspc: hexField(6),
  pceId: hexField(2),
  tcbEvaluationDataNumber: uint32Field,
  tdxModule: z.object(module),
  tdxModuleIdentities: z._default(
    z.array(z.object({ id: z.string(), ...module, tcbLevels: z.array(partLevelField) })),
    [],
  ),
  tcbLevels: z
    .array(
      z.object({
        tcb: z.object({ sgxtcbcomponents: components, pcesvn: uint16Field, tdxtcbcomponents: components }),
        tcbDate: timeField,
        tcbStatus: z.enum(tcbStatuses),
        advisoryIDs: advisoriesField,
      }),
    )
    .check(z.minLength(1)),
});

export type TcbInfo = z.infer<typeof tcbInfo>;
export type TcbLevel = TcbInfo["tcbLevels"][number];
export type PartTcbLevel = z.infer<typeof partLevelField>;

/** Undefined unless the value is TCB info of version 3 for TDX, with every part that its evaluation reads. */
export function readTcbInfo(value: unknown): TcbInfo | undefined {
  return z.safeParse(tcbInfo, value).data;
}
