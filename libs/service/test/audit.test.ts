import { describe, expect, it } from "@jest/globals";
import { Audit, createLog, ServiceMetrics, type Clock } from "@cloister/service";

function audited(clock?: Pick<Clock, "monotonicMs">) {
  const lines: string[] = [];
  const log = createLog({ service: "test", destination: { write: (line) => void lines.push(line) } });
  const metrics = new ServiceMetrics("test");
  return { audit: new Audit(log, metrics, clock), metrics, lines };
}

describe("an audited refusal", () => {
  it("is one line with its code, its place and opaque ids", () => {
    const { audit, lines } = audited();
    audit.refused({ at: "ReleaseKeys", code: "KEY_EXPIRED", tenantId: "00ff" });
    expect(lines.map((line): unknown => JSON.parse(line))).toEqual([
      expect.objectContaining({
        service: "test",
        msg: "audit",
        at: "ReleaseKeys",
        code: "KEY_EXPIRED",
        tenantId: "00ff",
      }),
    ]);
  });

  it("holds no sentence, whatever somebody put where an id belongs", () => {
    const { audit, lines } = audited();
    audit.refused({ at: "http", code: "MALFORMED", messageId: "my name is Marisol" });
    expect(lines.join("")).not.toContain("Marisol");
  });

  it("is counted by place and code", async () => {
    const { audit, metrics } = audited();
    audit.refused({ at: "http", code: "FORBIDDEN" });
    audit.refused({ at: "http", code: "FORBIDDEN" });
    expect(await metrics.registry.metrics()).toContain('cloister_test_refusals_total{at="http",code="FORBIDDEN"} 2');
  });

  it("of requests is written down 100 times a minute and code, and counted every time", async () => {
    let nowMs = 5_000;
    const { audit, metrics, lines } = audited({ monotonicMs: () => nowMs });
    const refuse = (code: string, times: number) => {
      for (let n = 0; n < times; n += 1) audit.refusedRequest({ code, status: 401 });
    };
    refuse("TOKEN_UNKNOWN", 250);
    nowMs += 59_999;
    refuse("TOKEN_UNKNOWN", 1);
    refuse("TOKEN_EXPIRED", 1);
    expect(lines.filter((line) => line.includes("TOKEN_UNKNOWN"))).toHaveLength(100);
    expect(lines.filter((line) => line.includes("TOKEN_EXPIRED"))).toHaveLength(1);
    nowMs += 1;
    refuse("TOKEN_UNKNOWN", 2);
    expect(lines.slice(-2).map((line): unknown => JSON.parse(line))).toEqual([
      expect.objectContaining({ msg: "audit", at: "http", code: "TOKEN_UNKNOWN", count: 151 }),
      expect.not.objectContaining({ count: expect.anything() }),
    ]);
    expect(await metrics.registry.metrics()).toContain(
      'cloister_test_refusals_total{at="http",code="TOKEN_UNKNOWN"} 253',
    );
  });
});

describe("an audited admission", () => {
  it("is one line with the release that it was by, and no refusal", async () => {
    const { audit, metrics, lines } = audited();
    audit.admitted({ at: "ReleaseKeys", group: "redaction", release: "cloister/1.4.2" });
    expect(lines.map((line): unknown => JSON.parse(line))).toEqual([
      expect.objectContaining({ msg: "audit", state: "admitted", group: "redaction", release: "cloister/1.4.2" }),
    ]);
    expect(await metrics.registry.metrics()).not.toContain("cloister_test_refusals_total{");
  });
});
