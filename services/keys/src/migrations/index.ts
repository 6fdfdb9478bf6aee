import type { Migrations } from "@cloister/storage";
import { hierarchy } from "./100-hierarchy.ts";

export const keysMigrations: Migrations = { "100_hierarchy": hierarchy };
