import { always, type PatternRule } from "./rule.ts";

interface KeyForm {
  readonly name: string;
  readonly source: string;
  readonly trigger: RegExp;
  readonly pattern: RegExp;
}

/** Keys that say by their own form what they are. */
const keyForms: readonly KeyForm[] = [
  {
    name: "aws-access-key-id",
    source: "AWS IAM user guide, unique identifiers",
    trigger: /(?:AKIA|ASIA|AGPA|AIDA|AROA)/,
    pattern: /(?<![A-Z0-9])(?:AKIA|ASIA|AGPA|AIDA|AROA)[A-Z0-9]{16}(?![A-Z0-9])/g,
  },
  {
    name: "google-api-key",
    source: "Google Cloud, API keys",
    trigger: /AIza/,
    pattern: /(?<![\w-])AIza[\w-]{35}(?![\w-])/g,
  },
  {
    name: "github-token",
    source: "GitHub, token formats",
    trigger: /gh[pousr]_|github_pat_/,
    pattern: /(?<!\w)(?:gh[pousr]_[A-Za-z0-9]{36,251}|github_pat_\w{22,255})(?!\w)/g,
  },
  {
    name: "slack-token",
    source: "Slack, token types",
    trigger: /xox[abeoprs]-|hooks\.slack/,
    pattern:
      /(?<![\w-])xox[abeoprs](?:\.xox[bp])?-[A-Za-z0-9-]{10,250}|https:\/\/hooks\.slack\.com\/services\/[\w/]{20,100}/g,
  },
  {
    name: "stripe-key",
    source: "Stripe, API keys",
    trigger: /[sr]k_(?:live|test)_|whsec_/,
    pattern: /(?<!\w)(?:[sr]k_(?:live|test)_|whsec_)[A-Za-z0-9]{16,250}(?!\w)/g,
  },
  {
    name: "model-vendor-key",
    source: "OpenAI and Anthropic, API keys",
    trigger: /sk-/,
    pattern: /(?<![\w-])sk-(?:proj-|svcacct-|ant-)?[\w-]{20,250}(?![\w-])/g,
  },
  {
    name: "gitlab-npm-pypi-token",
    source: "GitLab, npm and PyPI token prefixes",
    trigger: /glpat-|npm_|pypi-/,
    pattern: /(?<![\w-])(?:glpat-[\w-]{20,100}|npm_[A-Za-z0-9]{36}|pypi-[\w-]{50,400})(?![\w-])/g,
  },
  {
    name: "sendgrid-twilio-key",
    source: "SendGrid and Twilio, API keys",
    trigger: /SG\.|SK[0-9a-f]{2}/,
    pattern: /(?<![\w-])(?:SG\.[\w-]{22}\.[\w-]{43}|SK[0-9a-f]{32})(?![\w-])/g,
  },
  {
    name: "google-oauth-secret",
    source: "Google Identity, OAuth 2.0 client secrets and access tokens",
    trigger: /GOCSPX-|ya29\./,
    pattern: /(?<![\w-])(?:GOCSPX-[\w-]{28}|ya29\.[\w-]{20,400})(?![\w-])/g,
  },
  {
    name: "azure-key",
    source: "Azure Storage, connection strings (64 bytes in base64)",
    trigger: /AccountKey=/,
    pattern: /(?<=AccountKey=)[A-Za-z0-9+/]{86}==/g,
  },
  {
    name: "prefixed-token",
    source: "Hugging Face, DigitalOcean, Shopify, Square, Linear, Postman, Grafana and Vault, token prefixes",
    trigger: /hf_|dop_v1_|shp(?:at|ca|pa|ss)_|sq0|lin_api_|PMAK-|gl(?:c|sa)_|hv[sb]\./,
    pattern:
      /(?<!\w)(?:hf_[A-Za-z0-9]{30,50}|dop_v1_[0-9a-f]{64}|shp(?:at|ca|pa|ss)_[0-9a-fA-F]{32}|sq0(?:atp|csp)-[\w-]{22,43}|lin_api_[A-Za-z0-9]{32,64}|PMAK-[0-9a-f]{24}-[0-9a-f]{34}|gl(?:c|sa)_[\w-]{32,200}|hv[sb]\.[\w-]{24,200})(?!\w)/g,
  },
  {
    name: "telegram-bot-token",
    source: "Telegram, Bot API, authorizing your bot",
    trigger: /:AA/,
    pattern: /(?<!\w)\d{8,10}:AA[\w-]{33}(?![\w-])/g,
  },
  {
    name: "jwt",
    source: "RFC 7519 (three base64url parts, the first two JSON objects)",
    trigger: /eyJ/,
    pattern: /(?<![\w-])eyJ[\w-]{8,4096}\.eyJ[\w-]{4,8192}\.[\w-]{0,2048}/g,
  },
  {
    name: "private-key",
    source: "RFC 7468 (PEM) and OpenSSH's key format; an end that is missing hides the rest of the text",
    trigger: /PRIVATE KEY/,
    pattern:
      /-----BEGIN [A-Z ]{0,30}PRIVATE KEY(?: BLOCK)?-----(?:[^-]|-(?!-)){0,20000}(?:-----END [A-Z ]{0,30}PRIVATE KEY(?: BLOCK)?-----)?/g,
  },
];

const connectionString: PatternRule = {
  name: "connection-string",
  type: "SECRET",
  source: "RFC 3986 section 3.2.1 (userinfo with a password)",
  trigger: /:\/\//,
  pattern: /(?<![a-z0-9+.-])[a-z][a-z0-9+.-]{1,20}:\/\/[^\s:@/]{0,128}:[^\s@/]{1,256}@[^\s"'<>]{1,512}/gi,
  accept: always(1),
};

const authorization: PatternRule = {
  name: "authorization-header",
  type: "SECRET",
  source: "RFC 6750 section 2.1 (Bearer) and RFC 7617 (Basic)",
  trigger: /(?:bearer|basic) /i,
  pattern: /(?<=(?:bearer|authorization: basic) )[A-Za-z0-9+/._~-]{16,2048}={0,2}/gi,
  accept: (match) =>
    /\d/.test(match) && /[a-z]/i.test(match) ? { start: 0, end: match.length, score: 0.9 } : undefined,
};

// The value alone is redacted: what it is for stays readable.
const assigned =
  /(?:passw(?:or)?d|passwd|pwd|secret|token|api[ _-]?key|access[ _-]?key|client[ _-]?secret|auth|passphrase|passwort|contraseña|mot de passe)[a-z_]{0,20}["']?(?: ?(?:is|was|:|=)){1,2} {0,2}["']?/iu;

const assignedSecret: PatternRule = {
  name: "assigned-secret",
  type: "SECRET",
  source: "assignments in configuration files and plain speech; the value must look like no word",
  trigger: /pass|pwd|secret|token|key|auth|contrase/i,
  pattern: new RegExp(`(?<![\\p{L}\\p{N}])(?:[a-z0-9]{1,20}[_-]){0,3}${assigned.source}[^\\s"',;]{6,200}`, "giu"),
  accept: (match) => {
    const start = assigned.exec(match)?.[0].length ?? 0;
    const prefix = match.search(assigned);
    const value = match.slice(prefix + start).replace(/[.!?)]+$/, "");
    if (!looksRandom(value)) return undefined;
    return { start: prefix + start, end: prefix + start + value.length, score: 0.8 };
  },
};

/** Holds a digit or a sign besides letters, as passwords do and words do not. */
function looksRandom(value: string): boolean {
  if (value.length < 6 || /^[[<{$]/.test(value)) return false;
  const hasLetter = /\p{L}/u.test(value);
  const hasDigit = /\d/.test(value);
  const hasSign = /[^\p{L}\d'.-]/u.test(value);
  return (hasLetter && (hasDigit || hasSign)) || (hasDigit && value.length >= 8);
}

export const secrets: readonly PatternRule[] = [
  ...keyForms.map((form): PatternRule => ({ ...form, type: "SECRET", accept: always(0.99) })),
  connectionString,
  authorization,
  assignedSecret,
];
