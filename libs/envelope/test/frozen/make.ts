/**
 * Made `test/vectors/frozen.json`, once. The bytes never change: whoever must run this again has changed the format, and
 * needs a new suite or a new package version of it instead.
 *
 *   npx tsc -b libs/envelope && node libs/envelope/test/frozen/make.ts
 */
import { writeFileSync } from "node:fs";
import { createNobleBackend } from "@cloister/envelope/noble";
import { frozenVectors } from "./cases.ts";

const file = new URL("../vectors/frozen.json", import.meta.url);
writeFileSync(file, `${JSON.stringify(frozenVectors(createNobleBackend), null, 1)}\n`, { flag: "wx" });
