import { accessDoors } from "./access-doors.ts";
import { conversationDoors } from "./conversation-doors.ts";
import type { Door } from "./door.ts";
import { messageDoors } from "./message-doors.ts";
import { operationDoors } from "./operation-doors.ts";
import { policyDoors } from "./policy-doors.ts";

/** Every HTTP door of ingest. A test holds it to the routes that the server has. */
export const doors: readonly Door[] = [
  ...conversationDoors,
  ...messageDoors,
  ...policyDoors,
  ...accessDoors,
  ...operationDoors,
];
