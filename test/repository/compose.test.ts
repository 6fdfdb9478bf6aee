import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "@jest/globals";
import { parse } from "yaml";
import { z } from "zod";
import { repositoryRoot } from "../../scripts/lint/workspaces.ts";
import { documentedPorts, serviceNames } from "../../scripts/stack/layout.ts";
import { serviceMemory } from "../../scripts/stack/service-memory.ts";

const read = (path: string): string => readFileSync(join(repositoryRoot, path), "utf8");

const serviceSchema = z.looseObject({
  image: z.string(),
  build: z.looseObject({ target: z.string() }).optional(),
  user: z.string(),
  ports: z.array(z.string()).default([]),
  restart: z.string(),
  read_only: z.boolean(),
  cap_drop: z.array(z.string()),
  security_opt: z.array(z.string()),
  healthcheck: z.looseObject({ test: z.array(z.string()) }).optional(),
  deploy: z.looseObject({ resources: z.looseObject({ limits: z.looseObject({ memory: z.string() }) }) }),
  secrets: z.array(z.string()).default([]),
});
const composeSchema = z.looseObject({
  services: z.record(z.string(), serviceSchema),
  secrets: z.record(z.string(), z.object({ file: z.string() })),
});

const file: unknown = parse(read("docker-compose.yml"), { merge: true, maxAliasCount: -1 });
const { services, secrets } = composeSchema.parse(file);
const named = Object.entries(services);
const lasting = named.filter(([, { restart }]) => restart !== "no");

describe("docker-compose.yml", () => {
  it("runs each service of ours from its own image, that is built and named for development", () => {
    expect(serviceNames.map((name) => [services[name]?.image, services[name]?.build])).toEqual(
      serviceNames.map((name) => [
        `cloister/${name}:0.1.0-development`,
        { context: ".", target: name, args: { CLOISTER_BUILD: "development" } },
      ]),
    );
  });

  it("listens on loopback alone, on the ports of the native stack", () => {
    const published = named.flatMap(([, { ports }]) => ports);
    expect(published.filter((port) => !port.startsWith("127.0.0.1:"))).toEqual([]);
    const onHost = new Set(published.map((port) => Number(port.split(":")[1])));
    const inside = new Set<number>([documentedPorts.kafkaInternal, documentedPorts.kafkaController]);
    const missing = Object.values(documentedPorts).filter((port) => !onHost.has(port) && !inside.has(port));
    expect(missing).toEqual([]);
  });

  it.each(named)("pins %s to an exact version", (_name, { image }) => {
    expect(image).toMatch(/:v?\d+\.\d+(?:\.\d+)?(?:-|$)/u);
  });

  it.each(named)("lets %s neither be root nor gain rights, and bounds its memory", (_name, service) => {
    expect(service.user).toMatch(/^(?:\$\{CLOISTER_UID:\?|appuser$|[1-9])/u);
    expect(service).toMatchObject({ cap_drop: ["ALL"], security_opt: ["no-new-privileges:true"] });
    expect(service.deploy.resources.limits.memory).toMatch(/^\d+[MG]$/u);
  });

  it.each(lasting)("asks %s for its health", (_name, { healthcheck }) => {
    expect(healthcheck?.test.length).toBeGreaterThan(1);
  });

  it("mounts every secret that it names, and names every one that it mounts", () => {
    const mounted = new Set(named.flatMap(([, service]) => service.secrets));
    expect([...mounted].sort()).toEqual(Object.keys(secrets).sort());
  });

  it("mounts what compose:prepare makes", () => {
    const prepared = read("scripts/compose-prepare.ts");
    const names = Object.keys(secrets).map((name) => name.replace(/^database-/u, ""));
    expect(names.filter((name) => !prepared.includes(`"${name}"`))).toEqual([]);
  });
});

describe("the Dockerfile", () => {
  const dockerfile = read("Dockerfile");

  it("has a target for each service and for the command", () => {
    const targets = [...dockerfile.matchAll(/^FROM runtime AS (?<target>\S+)$/gmu)].map(
      ({ groups }) => groups?.["target"],
    );
    expect(targets.sort()).toEqual([...serviceNames, "cli"].sort());
  });

  it("bases them on no shell, and on no root", () => {
    const [, runtime = ""] = /^FROM (\S+) AS runtime$/mu.exec(dockerfile) ?? [];
    const afterwards = dockerfile.slice(dockerfile.indexOf("AS runtime"));
    expect([runtime, /^USER (\d+)/mu.exec(afterwards)?.[1]]).toEqual([expect.stringContaining("distroless"), "65532"]);
    // RUN, and what isn't a list, would need a shell.
    expect(afterwards).not.toMatch(/^RUN|^(?:CMD|ENTRYPOINT) [^[]/mu);
  });

  it("builds services for production unless it is told otherwise", () => {
    expect(dockerfile).toMatch(/^ARG CLOISTER_BUILD=production$/mu);
    expect(dockerfile).toContain('node scripts/image-tree.ts "$CLOISTER_BUILD" "$folder"');
  });

  it("builds with the Node that the repository brings", () => {
    const { devDependencies } = JSON.parse(read("package.json")) as { devDependencies: { node: string } };
    expect(dockerfile).toContain(`FROM node:${devDependencies.node}-`);
  });
});

describe("the images", () => {
  it("keep a service as small as the native stack does", () => {
    const { NODE_OPTIONS, MALLOC_ARENA_MAX } = serviceMemory;
    expect(read("Dockerfile")).toContain(
      `NODE_OPTIONS="${NODE_OPTIONS} --conditions=cloister-\${CLOISTER_BUILD}" MALLOC_ARENA_MAX=${MALLOC_ARENA_MAX}\n`,
    );
  });
});
