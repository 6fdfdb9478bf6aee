import { request as httpRequest, type IncomingMessage } from "node:http";
import { afterEach, describe, expect, it } from "@jest/globals";
import { Controller, Get, Module, Post, type OnModuleDestroy } from "@nestjs/common";
import {
  CodedError,
  createLog,
  oneLine,
  ProblemError,
  ServiceError,
  ServiceMetrics,
  startService,
  type RunningService,
  type ServiceOptions,
  type ServiceStrategy,
} from "@cloister/service";
import { z } from "zod";

class EngineError extends CodedError<"ENGINE_AWAY"> {
  override get isUnavailable(): boolean {
    return true;
  }
}

@Controller()
class Doors {
  @Get("refused")
  refused(): never {
    throw new ProblemError("ODD", 422, "That is odd.", { "retry-after": "3" });
  }

  @Get("broken")
  broken(): never {
    throw new Error("Alice");
  }

  @Get("away")
  away(): never {
    throw new EngineError("ENGINE_AWAY", "the engine is away");
  }

  @Get("slow")
  async slow(): Promise<string> {
    await new Promise((resolve) => setTimeout(resolve, 150));
    return "done";
  }

  @Post("echo")
  echo(): string {
    return "echo";
  }
}

@Module({ controllers: [Doors] })
class DoorsModule {}

const lines: string[] = [];
const log = createLog({ service: "toy", destination: { write: (line) => void lines.push(line) } });
const running: RunningService[] = [];

async function start(more: Partial<ServiceOptions> = {}): Promise<RunningService & { address: string }> {
  const http = { host: "127.0.0.1", port: 0 };
  const service = await startService({ name: "toy", module: DoorsModule, log, http, ...more });
  running.push(service);
  if (service.address === null) throw new Error("the service does not listen");
  return Object.assign(service, { address: service.address });
}

/** A consumer that joins at once and can be killed. */
class Strategy implements ServiceStrategy {
  isClosed = false;
  kill: (error: unknown) => void = () => undefined;

  addHandler(): void {
    return;
  }

  listen(callback: () => void): void {
    callback();
  }

  isReady(): boolean {
    return true;
  }

  onFatal(listener: (error: unknown) => void): void {
    this.kill = listener;
  }

  close(): Promise<void> {
    this.isClosed = true;
    return Promise.resolve();
  }
}

afterEach(async () => {
  await Promise.allSettled(running.splice(0).map((service) => service.close()));
  lines.length = 0;
});

describe("a service", () => {
  it("is live and ready once started, and counts under its own names", async () => {
    const metrics = new ServiceMetrics("enclave-inference");
    metrics.counter("answers", "Answers given").inc();
    const { address } = await start({ metrics });
    const get = async (path: string): Promise<string> => (await fetch(`${address}${path}`)).text();
    expect([await get("/healthz/live"), await get("/healthz/ready")]).toEqual(['{"live":true}', '{"ready":true}']);
    expect(await get("/metrics")).toContain("cloister_enclave_inference_answers_total 1");
  });

  it("shows its figures on a listener of their own where its doors are the public's, or nowhere", async () => {
    const [apart, nowhere] = [
      await start({ metricsHttp: { host: "127.0.0.1", port: 0 } }),
      await start({ metricsHttp: "none" }),
    ];
    const status = async (url: string): Promise<number> => (await fetch(url)).status;
    const own = apart.metricsAddress ?? "";
    expect([await status(`${own}/metrics`), await status(`${own}/healthz/live`)]).toEqual([200, 404]);
    expect([await status(`${apart.address}/metrics`), await status(`${nowhere.address}/metrics`)]).toEqual([404, 404]);
    await apart.close();
    await expect(fetch(`${own}/metrics`)).rejects.toThrow();
  });

  it("doesn't start where its figures can't be shown", async () => {
    const { metricsAddress } = await start({ metricsHttp: { host: "127.0.0.1", port: 0 } });
    const port = Number(new URL(metricsAddress ?? "").port);
    await expect(start({ metricsHttp: { host: "127.0.0.1", port } })).rejects.toMatchObject({ code: "START_FAILED" });
  });

  it("runs beside others in one process", async () => {
    const [one, two] = [await start(), await start({ name: "other" })];
    await one.close();
    expect((await fetch(`${two.address}/healthz/ready`)).status).toBe(200);
  });

  it("finishes the request in work when it is closed, then releases what it stood on", async () => {
    const released: string[] = [];
    const release = (): Promise<void> => {
      released.push("pool");
      return Promise.resolve();
    };
    const service = await start({ release: [release] });
    const slow = fetch(`${service.address}/slow`).then((response) => response.text());
    await new Promise((resolve) => setTimeout(resolve, 50));
    const closing = service.close();
    expect(service.isReady()).toBe(false);
    const answer = await slow;
    await closing;
    expect([answer, released]).toEqual(["done", ["pool"]]);
  });

  it("does not wait longer for its work than it may", async () => {
    class Stuck implements OnModuleDestroy {
      onModuleDestroy(): Promise<void> {
        return new Promise(() => undefined);
      }
    }
    const module = { module: DoorsModule, providers: [Stuck] };
    const service = await start({ module, drainTimeoutMs: 50 });
    await expect(service.close()).rejects.toMatchObject({ code: "DRAIN_TIMEOUT" });
  });

  it("is neither ready nor live when a consumer has died, and tells why once", async () => {
    const strategy = new Strategy();
    const service = await start({ strategy });
    const told: unknown[] = [];
    service.onFatal((error) => told.push(error));
    strategy.kill(new Error("dead"));
    strategy.kill(new Error("dead again"));
    expect([service.isReady(), told.length]).toEqual([false, 1]);
    expect((await fetch(`${service.address}/healthz/live`)).status).toBe(503);
  });

  it("closes its consumers first", async () => {
    const strategy = new Strategy();
    const service = await start({ strategy });
    await service.close();
    expect(strategy.isClosed).toBe(true);
  });

  it("says START_FAILED when its port is taken", async () => {
    const { address } = await start();
    const http = { host: "127.0.0.1", port: Number(new URL(address).port) };
    await expect(start({ http })).rejects.toMatchObject({ code: "START_FAILED", cause: { code: "EADDRINUSE" } });
  });
});

describe("a failed request", () => {
  it("is answered by a problem document with the code and the sentence", async () => {
    const response = await fetch(`${(await start()).address}/refused`);
    expect([response.status, response.headers.get("content-type"), response.headers.get("retry-after")]).toEqual([
      422,
      expect.stringContaining("application/problem+json"),
      "3",
    ]);
    expect(await response.json()).toMatchObject({ code: "ODD", status: 422, detail: "That is odd." });
  });

  it("says nothing of an unknown error, to the caller or to the log", async () => {
    const response = await fetch(`${(await start()).address}/broken`);
    expect(await response.json()).toMatchObject({ status: 500, code: "INTERNAL" });
    expect(lines.join("")).not.toContain("Alice");
  });

  it("is 503 when an engine is away", async () => {
    const response = await fetch(`${(await start()).address}/away`);
    expect([response.status, await response.json()]).toMatchObject([503, { code: "UNAVAILABLE" }]);
  });

  it("keeps the status of what the server itself refuses", async () => {
    const { address } = await start({ bodyLimitBytes: 100 });
    const unknown = await fetch(`${address}/nowhere`);
    const headers = { "content-type": "application/json" };
    const large = await fetch(`${address}/echo`, { method: "POST", headers, body: JSON.stringify("x".repeat(200)) });
    expect([await unknown.json(), await large.json()]).toMatchObject([
      { status: 404, code: "NOT_FOUND" },
      { status: 413, code: "TOO_LARGE" },
    ]);
  });

  it.each(["/%zz", "/echo"])("is a problem document too for a path that fits nothing: %s", async (path) => {
    const response = await fetch(`${(await start()).address}${path}`);
    expect(response.headers.get("content-type")).toContain("application/problem+json");
  });

  it.each(["POST", "TRACE"])("says which methods a path takes when %s is none of them", async (method) => {
    const { address } = await start();
    const url = new URL("/refused", address);
    const response = await new Promise<IncomingMessage>((resolve, reject) => {
      httpRequest(url, { method, agent: false }, resolve).on("error", reject).end();
    });
    response.resume();
    expect([response.statusCode, response.headers.allow]).toEqual([405, "GET, HEAD"]);
  });

  it("points at the place where its code is explained", async () => {
    const problems = { ODD: { title: "That is odd", remedy: "Use `even`.", httpStatus: 422 } };
    const { address } = await start({ problems });
    const { type } = z.object({ type: z.string() }).parse(await (await fetch(`${address}/refused`)).json());
    const target = new URL(type, address);
    const page = await (await fetch(target)).text();
    expect(page).toContain(`<dt id="${target.hash.slice(1)}">`);
  });

  it("has an instance, by which the log tells the cause", async () => {
    const response = await fetch(`${(await start()).address}/broken`);
    const { instance } = z.object({ instance: z.string() }).parse(await response.json());
    expect(lines.filter((line) => line.includes(instance))).toHaveLength(1);
  });
});

describe("the line that a failed start prints", () => {
  it("has the code and our sentence, and the cause's code", () => {
    const error = new ServiceError("START_FAILED", "the service toy could not start", { cause: new Error("Alice") });
    expect(oneLine("toy", error)).toBe("toy: START_FAILED: the service toy could not start (UNEXPECTED)");
  });

  it("has nothing of an unknown error", () => {
    expect(oneLine("toy", new Error("Alice"))).toBe("toy: UNEXPECTED: stopped by an unexpected error");
  });
});
