import { execFileSync } from "node:child_process";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { cachedFolder } from "./engine-cache.ts";
import { runTool } from "./engine-process.ts";

export const KAFKA_VERSION = "4.1.0";

const pom = fileURLToPath(new URL("../../engines/kafka/pom.xml", import.meta.url));

/** Java's class path with Kafka's server and tools; the jars are fetched by Maven when they aren't here yet. */
export async function kafkaClassPath(): Promise<string> {
  const folder = await cachedFolder(`kafka-${KAFKA_VERSION}`, async (target) => {
    await runTool("mvn", [
      ...["--quiet", "--batch-mode", "--file", pom],
      ...["dependency:copy-dependencies", `-DoutputDirectory=${target}`],
    ]);
  });
  return join(folder, "*");
}

/** Why Kafka can't be started natively, with what to install; undefined when it can. */
export function missingForKafka(): string | undefined {
  const missing = [
    ["java", "-version"],
    ["mvn", "-version"],
  ].flatMap(([program = "", flag = ""]) => (answers(program, flag) ? [] : [program]));
  return missing.length === 0
    ? undefined
    : `no ${missing.join(" and no ")} (apt-get install default-jre-headless maven)`;
}

function answers(program: string, flag: string): boolean {
  try {
    execFileSync(program, [flag], { stdio: "ignore" });
    return true;
  } catch {
    return false;
  }
}
