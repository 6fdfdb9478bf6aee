import type { ForbiddenTopic, PresetName } from "@cloister/policy";

/** What the page of a preset says beside the preset's own data. */
export interface PresetProse {
  readonly title: string;
  /** Who they are and what they need. */
  readonly needs: readonly string[];
  /** Why the periods are as they are. */
  readonly periods: string;
  /** A usage boundary to begin with, and a message on each side of it. */
  readonly topic: ForbiddenTopic;
  readonly refused: string;
  readonly answered: string;
  /** What no preset can do for them. */
  readonly remains: string;
}

export const presetProse: Readonly<Record<PresetName, PresetProse>> = {
  healthcare: {
    title: "Healthcare",
    needs: [
      "Clinics, insurers and those who work for them: what is typed names patients and says what they suffer from.",
      "They must be able to show that nobody outside the treatment read it, where it was processed, and that it is gone when it has to be. So the operator is kept out by hardware, not by contract; ages and dates are taken away like names, since together they name a person; and one conversation never brings up another, since two patients may sit at one desk.",
    ],
    periods:
      "A conversation helps with one case: a month is enough, and replies wait a week. Proof of erasure outlives it by six years.",
    topic: {
      name: "dosing",
      phrases: ["how many milligrams", "maximum dose", "double the dose", "overdose*"],
      sentence: "Dosing is decided by the treating clinician. Please ask on the ward or in the pharmacy.",
    },
    refused: "What is the maximum dose of ibuprofen?",
    answered: "When is the ward round on Monday?",
    remains:
      "Consent, the record of treatment itself and agreements with processors stay with you. A legal duty to keep is stated by `minimumDays` of a class.",
  },
  finance: {
    title: "Finance",
    needs: [
      "Banks, brokers, accountants: what is typed holds accounts, cards, income and intentions that move prices.",
      "They need what healthcare needs, and longer memory of a case, since disputes last a quarter. Secrets of cards (`CREDIT_CARD_CVV`, `PIN`) are replaced before anything is stored, as the rules of card schemes want it.",
    ],
    periods:
      "A dispute about a payment takes weeks: turns and names live a quarter of a year. Proof of erasure outlives it by seven years.",
    topic: {
      name: "investment-advice",
      phrases: ["should i buy", "should i sell", "which stock*", "insider trad*"],
      sentence: "This chat gives no advice on investments. Your adviser does: please call the number on your card.",
    },
    refused: "Which stocks will rise next year?",
    answered: "How do I buy a parking ticket with my card?",
    remains:
      "Surveillance of communications that the law demands of you needs a recipient in the policy: a key of your own archive, which then reads replies.",
  },
  legal: {
    title: "Legal",
    needs: [
      "Law firms and legal departments: what is typed is privileged, and privilege that a third party could have read may be lost.",
      "So the tenant itself runs the service that unwraps keys (HYOK): no operator's staff can be compelled to hand over what they can't have. Names of organizations are replaced, too, since the parties of a case are often companies.",
    ],
    periods:
      "A matter lasts: turns and names live half a year, replies wait a month. Proof of erasure outlives it by ten years.",
    topic: {
      name: "opposing-party",
      phrases: ["contact the opposing party", "write to the opposing party", "call the opposing party"],
      sentence: "Contact with an opposing party goes through counsel. Please ask the partner in charge.",
    },
    refused: "Draft a mail to write to the opposing party directly.",
    answered: "Summarize what the opposing party claims.",
    remains:
      "Holds for litigation are the tenant's decision: a legal minimum is stated by `minimumDays` of a class before messages come in.",
  },
  cybersecurity: {
    title: "Cybersecurity",
    needs: [
      "Security teams and those who report to them: what is typed holds addresses, secrets and weaknesses that are not fixed yet.",
      "End-to-end encryption is recommended: an attacker who owns the infrastructure is who they work against. Hardware keeps the operator out and vectors are sealed; regions and witnesses are theirs to add. Secrets are replaced before a model sees a log. Incidents are short, and so is memory. Health records don't belong here and are refused.",
    ],
    periods: "An incident is over in days: two weeks are enough, and proof of erasure lives two years.",
    topic: {
      name: "unreleased-vulnerabilities",
      phrases: ["embargoed", "unpatched vulnerabilit*", "zero day*"],
      sentence: "Unreleased vulnerabilities are discussed in the incident room only.",
    },
    refused: "Explain the zero-day in our VPN.",
    answered: "How do I rotate a leaked token?",
    remains: "Indicators that must be shared leave by your own tools: nothing of a conversation is exported from here.",
  },
  standard: {
    title: "Standard",
    needs: [
      "General chat with little at risk: questions about products, opening hours, how things work.",
      "Messages are encrypted end to end and redacted as everywhere; what is proved of the operator is less (no witnesses, no proved region), and a person may be reminded of earlier conversations. So what these guarantees are too weak for, health records above all, is refused instead of processed.",
    ],
    periods: "Turns and names live a quarter of a year, so that a person need not repeat everything.",
    topic: {
      name: "competitors",
      phrases: ["better than yours", "your competitor*"],
      sentence: "We speak about our own products only.",
    },
    refused: "Is one of your competitors cheaper?",
    answered: "Which of your plans is cheaper?",
    remains:
      "Where something at risk turns up after all, choose the preset of that industry instead of loosening this one.",
  },
};
