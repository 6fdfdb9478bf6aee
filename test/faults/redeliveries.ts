import { serviceNames, type ServiceName, type ServiceProcesses } from "../e2e/service-processes.ts";

const LOOK_EVERY_MS = 1_000;

/**
 * How many records came again to a consumer that had handled them, by service: from the figures that each service shows.
 * A process that ends takes the last second's figures with it.
 */
export class Redeliveries {
  readonly #services: ServiceProcesses;
  readonly #before = new Map<ServiceName, number>();
  readonly #current = new Map<ServiceName, { pid: number; count: number }>();
  readonly #timer: NodeJS.Timeout;

  constructor(services: ServiceProcesses) {
    this.#services = services;
    this.#timer = setInterval(() => void this.look(), LOOK_EVERY_MS);
  }

  async look(): Promise<void> {
    await Promise.all(serviceNames.map((name) => this.#lookAt(name)));
  }

  stop(): void {
    clearInterval(this.#timer);
  }

  get byService(): Record<string, number> {
    const counts = serviceNames.map((name) => {
      return [name, (this.#before.get(name) ?? 0) + (this.#current.get(name)?.count ?? 0)] as const;
    });
    return Object.fromEntries(counts.filter(([, count]) => count > 0));
  }

  async #lookAt(name: ServiceName): Promise<void> {
    const { pid } = this.#services.of(name);
    if (pid === undefined) return;
    try {
      const signal = AbortSignal.timeout(LOOK_EVERY_MS);
      const count = repeatedIn(await (await fetch(this.#services.metricsUrlOf(name), { signal })).text());
      const known = this.#current.get(name);
      if (known !== undefined && known.pid !== pid) {
        this.#before.set(name, (this.#before.get(name) ?? 0) + known.count);
      }
      this.#current.set(name, { pid, count });
    } catch {
      // It is being ended, or is suspended: there is another look.
    }
  }
}

function repeatedIn(metrics: string): number {
  const samples = metrics.matchAll(/^cloister_\w+_records_total\{[^}]*outcome="repeated"[^}]*\} (\d+)$/gmu);
  return [...samples].reduce((sum, [, count]) => sum + Number(count), 0);
}
