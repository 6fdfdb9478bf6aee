import {
  DAY_MS,
  guarantees,
  presetNames,
  presets,
  retentionClasses,
  type ForbiddenTopic,
  type Guarantee,
  type Preset,
  type PresetName,
  type RetentionClass,
} from "@cloister/policy";
import { presetProse } from "./preset-prose.ts";

const written = "<!-- Written by `npm run docs` from libs/policy/src/presets.ts and scripts/docs/preset-prose.ts. -->";

const classWords: Readonly<Record<RetentionClass, string>> = {
  flow: "messages on their way, retries and dead letters included; one to seven days, never zero",
  map: "which placeholder stands for which value; only redaction can open it",
  log: "turns of a conversation, with placeholders",
  vector: "passages and vectors; 60 days at most",
  mailbox: "replies that wait for their reader, sealed to the reader's own key",
  audit: "tombstones and receipts: ids and times, no text",
};

const guaranteeWords: Readonly<Record<Guarantee, string>> = {
  hardwareEvidence: "hardware proves what code runs, and that its operator can't look into it",
  attestedRegion: "the policy names regions, and hardware proves in which one a message is opened",
  witnesses: "others than the operator cosign the log, so that yesterday's key database can't come back unseen",
  externalKms: "keys are wrapped by a KMS of the tenant, not by a file",
  sealedVectors: "vectors are encrypted, so that destroying their keys erases them",
};

const encryptionWords: Readonly<Record<Preset["endToEndEncryption"], string>> = {
  mandatory:
    "Mandatory. A deployment that can't prove it is refused: production takes no policy of this preset that lacks a proof.",
  recommended: "Recommended, and on. Hardware must prove it; regions and witnesses are the tenant's to add.",
  standard: "Standard: on, as everywhere. Hardware must prove it; no region and no witness is required.",
};

/** docs/policies: the overview and a page for each preset, by path. */
export function presetPages(): Readonly<Record<string, string>> {
  return {
    "docs/policies/presets.md": overview(),
    ...Object.fromEntries(presetNames.map((name) => [`docs/policies/${name}.md`, presetPage(name)])),
  };
}

function presetPage(name: PresetName): string {
  const preset = presets[name];
  const { title, needs, periods, topic, refused, answered, remains } = presetProse[name];
  return `# ${title}

${written}

${needs.join("\n\n")}

## End-to-end encryption

${encryptionWords[preset.endToEndEncryption]} Nobody but an attested service and the entitled readers can read a message; there is no mode without it.

## What a deployment must prove

${preset.requires.map((one) => `- \`${one}\`: ${guaranteeWords[one]}`).join("\n")}

${custodySentence(preset)} What is missing is shown on every screen, and allowed only by a policy marked \`development\`.

## Residency

${residencySentence(preset)}

## How long things are kept

${periods}

| class | what | days |
| --- | --- | --- |
${retentionClasses.map((kind) => `| \`${kind}\` | ${classWords[kind]} | ${daysOf(preset, kind)} |`).join("\n")}

## What a model sees

${redactionSentence(preset)}

| switch | |
| --- | --- |
| earlier turns of the conversation (\`history\`) | ${onOff(preset.history)} |
| the person's other conversations (\`memory\`) | ${onOff(preset.memory)} |
| training on messages (\`training\`) | never; no policy can allow it |
| vectors | ${preset.vectors} |
| where a model runs (\`modelLocality\`) | ${preset.modelLocality === "enclave" ? "inside the attested service" : "on an attested GPU"} |

## Usage boundaries

${blockSentence(preset)} Topics are the tenant's to forbid; [boundaries](boundaries.md) says how they are found and what is told. One to begin with, for \`cloister policy sign --from\`:

\`\`\`json
${boundaryJson(topic)}
\`\`\`

It refuses "${refused}" and lets "${answered}" pass.

## Begin

\`\`\`sh
cloister policy sign --tenant ./tenant --preset ${name} --development
cloister policy apply ./tenant/policy-1.note --tenant ./tenant
\`\`\`

Without \`--development\` the file of \`--from\` names ${productionNames(preset)}.

## What remains with you

${remains}
`;
}

/** As Prettier writes it. */
function boundaryJson({ name, phrases, sentence }: ForbiddenTopic): string {
  const list = phrases.map((phrase) => JSON.stringify(phrase)).join(", ");
  return `{
  "forbiddenTopics": [
    {
      "name": "${name}",
      "phrases": [${list}],
      "sentence": ${JSON.stringify(sentence)}
    }
  ]
}`;
}

function daysOf({ periods }: Preset, kind: RetentionClass): string {
  return String(periods[kind].periodMs / DAY_MS);
}

function custodySentence({ custodies }: Preset): string {
  return custodies.includes("byok")
    ? "Keys are unwrapped by a KMS of the tenant's (BYOK), or by a key service that the tenant runs (HYOK)."
    : "Keys are unwrapped by a key service that the tenant itself runs (HYOK).";
}

function residencySentence({ requires }: Preset): string {
  return requires.includes("attestedRegion")
    ? "The policy declares its regions in `residency.regions`, and their proof is required (`residency.attested`). A message elsewhere is refused with `RESIDENCY_VIOLATION`, at the door and again before it is opened."
    : "None is required. A policy may declare regions in `residency.regions`: a message elsewhere is refused with `RESIDENCY_VIOLATION`, at the door and again before it is opened. With `residency.attested` an operator's word doesn't count.";
}

function redactionSentence(preset: Preset): string {
  const more = besides(preset);
  const common = "Placeholders instead of every kind of personal data that [presets](presets.md) lists";
  return more.length === 0 ? `${common}.` : `${common}, and besides: ${codes(more)}.`;
}

function blockSentence({ block }: Preset): string {
  return block.length === 0
    ? "No kind of data refuses a message (`block` is empty)."
    : `A message that holds ${codes(block)} is refused with \`REGULATED_DATA_BLOCKED\`: this preset's guarantees are too weak for it.`;
}

function productionNames({ requires }: Preset): string {
  const regulated = requires.includes("attestedRegion") ? ", `residency`" : "";
  const witnessed = requires.includes("witnesses") ? ", `witnesses`" : "";
  return `\`measurements\`${regulated}${witnessed} and \`kms\``;
}

/** What a preset redacts beyond what every preset does. */
function besides({ redact }: Preset): string[] {
  const common = new Set(commonKinds());
  return redact.filter((kind) => !common.has(kind));
}

function commonKinds(): string[] {
  return presets.standard.redact.filter((kind) => presetNames.every((name) => presets[name].redact.includes(kind)));
}

const codes = (names: readonly string[]): string => names.map((name) => `\`${name}\``).join(", ");
const onOff = (is: boolean): string => (is ? "on" : "off");
const yesNo = (is: boolean): string => (is ? "yes" : "no");

function overview(): string {
  const rows = (cells: (name: PresetName, preset: Preset) => readonly string[]) =>
    presetNames.map((name) => `| [\`${name}\`](${name}.md) | ${cells(name, presets[name]).join(" | ")} |`).join("\n");
  return `# Policy presets

${written}

A tenant's policy is a statement that the tenant's root key signs. It says how long things are kept, what is redacted, which programs may hold keys and who may read. A preset fills in what an industry usually needs; the tenant may override everything but what the preset requires of a deployment and who runs the keys. \`cloister policy diff\` says in sentences what another policy changes.

In every preset messages are end-to-end encrypted, models run inside the enclave, and nothing is ever used for training. What has to be proved of that grows with what is at risk.

| preset | end-to-end encryption | requires of a deployment | keys are unwrapped by the tenant's KMS (BYOK) or a key service of its own (HYOK) |
| --- | --- | --- | --- |
${rows((_name, { endToEndEncryption, requires, custodies }) => [endToEndEncryption, codes(requires), custodies.map((mode) => mode.toUpperCase()).join(" or ")])}

${guarantees.map((one) => `- \`${one}\`: ${guaranteeWords[one]}.`).join("\n")}

The embedded default gives none of them but sealed vectors: its evidence is simulated, its keys are wrapped by a file and nobody witnesses its log. What is missing is shown on every screen, and allowed only by a policy marked \`development\`, which production builds refuse with \`DEVELOPMENT_REFUSED\`. The other way round, a policy without that mark that leaves out its preset's witnesses or regions is refused as \`POLICY_MALFORMED\`.

## How long things are kept

In days. Nothing outlives its period: each item goes into the last expiry bucket that ends before it, and the bucket's keys are destroyed then.

| preset | ${retentionClasses.join(" | ")} |
| --- | ${retentionClasses.map(() => "---").join(" | ")} |
${rows((_name, preset) => retentionClasses.map((kind) => daysOf(preset, kind)))}

${retentionClasses.map((kind) => `- \`${kind}\`: ${classWords[kind]}.`).join("\n")}

A legal minimum is stated by \`minimumDays\` of a class.

## What a model sees, and what nobody may send

| preset | redacts besides | refuses | earlier turns | the person's other conversations | vectors |
| --- | --- | --- | --- | --- | --- |
${rows((_name, preset) => [codes(besides(preset)) || "-", codes(preset.block) || "-", yesNo(preset.history), yesNo(preset.memory), preset.vectors])}

Topics that a tenant forbids: [boundaries](boundaries.md).

Every preset replaces these kinds by placeholders before a model sees the text; [redaction](../redaction.md) says what each is and how well it is found: ${codes(commonKinds())}.
`;
}
