/**
 * Arguments for Node by which a process has another time of day, in all of its code: what a machine with a wrong clock
 * does to a service. The service's own program and configuration know nothing of it.
 */
export function shiftedClock(offsetMs: number): readonly string[] {
  const program = `
    const real = Date;
    const now = () => real.now() + ${offsetMs};
    globalThis.Date = class extends real {
      constructor(...given) {
        super(...(given.length === 0 ? [now()] : given));
      }
      static now() {
        return now();
      }
    };`;
  return ["--import", `data:text/javascript,${encodeURIComponent(program)}`];
}
