import { describe, expect, it } from "@jest/globals";
import { Audit, createLog, ServiceMetrics } from "@cloister/service";

function audited() {
  const lines: string[] = [];
  const log = createLog({ service: "test", destination: { write: (line) => void lines.push(line) } });
  const metrics = new ServiceMetrics("test");
  return { audit: new Audit(log, metrics), metrics, lines };
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
});
