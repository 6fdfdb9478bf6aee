import { z } from "zod";

import { conversationIdText } from "../http/conversation-id.ts";
import { tenantIdText } from "../http/caller.ts";
import type { Parameter } from "./door.ts";

export const tenantHeader: Parameter = {
  name: "Cloister-Tenant",
  in: "header",
  description: "The tenant that the request is for. A token of one tenant may leave it out.",
  schema: tenantIdText,
};

export const conversationIdInPath: Parameter = {
  name: "id",
  in: "path",
  description: "The conversation",
  schema: conversationIdText,
  isRequired: true,
};

export const tokenIdInPath: Parameter = {
  name: "id",
  in: "path",
  description: "The token's id, which is not the token",
  schema: z.string().regex(/^[0-9a-f]{32}$/u),
  isRequired: true,
};
