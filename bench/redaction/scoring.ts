export interface Marked {
  readonly start: number;
  readonly end: number;
  readonly type: string;
}

export interface Judged {
  readonly text: string;
  readonly gold: readonly Marked[];
  readonly found: readonly Marked[];
}

export interface TypeScore {
  readonly type: string;
  readonly gold: number;
  readonly precision: number;
  readonly recall: number;
  readonly f1: number;
}

export interface Score {
  readonly types: TypeScore[];
  /** Recall counts double, types are ignored. */
  readonly f2: number;
  /** Gold spans that nothing touches, as a share of all. */
  readonly leakRate: number;
  /** Characters outside of all gold spans that were marked, as a share of them. */
  readonly falseAlarmRate: number;
}

const halfOverlap = 0.5;

/** Scores found spans against gold ones: right is what overlaps by half (intersection over union), one to one. */
export function score(texts: readonly Judged[]): Score {
  const types = [...new Set(texts.flatMap((text) => text.gold.map((span) => span.type)))].sort();
  const all = matched(texts, () => true, false);
  return {
    types: types.map((type) => {
      const { right, found, gold } = matched(texts, (span) => span.type === type, true);
      return { type, gold, ...rates(right, found, gold) };
    }),
    f2: fScore(all.right, all.found, all.gold, 2),
    leakRate: share(
      sum(texts, untouched),
      sum(texts, (text) => text.gold.length),
    ),
    falseAlarmRate: share(
      sum(texts, falselyMarked),
      sum(texts, (text) => text.text.length - covered(text.gold)),
    ),
  };
}

function matched(texts: readonly Judged[], counts: (span: Marked) => boolean, sameType: boolean) {
  let right = 0;
  let found = 0;
  let gold = 0;
  for (const text of texts) {
    const wanted = text.gold.filter(counts);
    const offered = text.found.filter(counts);
    gold += wanted.length;
    found += offered.length;
    const free = new Set(offered);
    for (const span of wanted) {
      for (const other of free) {
        if (overlap(span, other) < halfOverlap || (sameType && span.type !== other.type)) continue;
        free.delete(other);
        right++;
        break;
      }
    }
  }
  return { right, found, gold };
}

function rates(right: number, found: number, gold: number) {
  return { precision: share(right, found), recall: share(right, gold), f1: fScore(right, found, gold, 1) };
}

function fScore(right: number, found: number, gold: number, beta: number): number {
  return share((1 + beta * beta) * right, beta * beta * gold + found);
}

function overlap(a: Marked, b: Marked): number {
  const shared = Math.min(a.end, b.end) - Math.max(a.start, b.start);
  return shared <= 0 ? 0 : shared / (Math.max(a.end, b.end) - Math.min(a.start, b.start));
}

function untouched({ gold, found }: Judged): number {
  return gold.filter((span) => !found.some((other) => overlap(span, other) > 0)).length;
}

function falselyMarked({ text, gold, found }: Judged): number {
  const marked = new Uint8Array(text.length);
  for (const span of found) marked.fill(1, span.start, span.end);
  for (const span of gold) marked.fill(0, span.start, span.end);
  return marked.reduce((total, flag) => total + flag, 0);
}

function covered(spans: readonly Marked[]): number {
  return spans.reduce((total, span) => total + span.end - span.start, 0);
}

function sum(texts: readonly Judged[], of: (text: Judged) => number): number {
  return texts.reduce((total, text) => total + of(text), 0);
}

function share(part: number, whole: number): number {
  return whole === 0 ? 0 : part / whole;
}
