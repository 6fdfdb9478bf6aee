import { ClientError, type Client, type Recipient } from "@cloister/client";
import { parseConversationId } from "@cloister/envelope";
import { InvalidArgumentError, Option, type Command } from "commander";
import { addConnectionOptions, type ConnectionFlags } from "../connection.ts";
import { readSeed } from "../files.ts";
import { interruptible } from "../interrupt.ts";
import { tenantClient } from "../tenant-client.ts";
import { printLines, type Terminal } from "../terminal.ts";
import { tenantIdFrom } from "../token/tenant-choice.ts";
import { eventJson, eventLines, isOfTheMailbox } from "./reply-lines.ts";

interface Flags extends ConnectionFlags {
  readonly tenant: string;
  readonly key: string;
  readonly follow?: true;
  readonly after?: string;
  readonly wait: number;
  readonly development?: true;
  readonly json?: true;
}

const notes = `
For a support tool: its key is named in the tenant's policy, and each reply of a conversation that was opened since is
sealed to it. Everything is verified from the tenant's id on, as a client does; what can't be verified is not shown. Names
are put back where the policy gives the recipient the map. The tenant's folder is not needed, its id is enough.

Without --follow the command ends when nothing has come for --wait seconds. With it, it stays until Ctrl-C, connects again
by itself and misses nothing. --after goes on behind an event that was read before; its id is in the JSON.

--json prints an object a line: {"kind": "reply" | "failed" | "waiting" | "gap" | "refused", "conversationId", "eventId", …}.

Examples:
  cloister replies --tenant ./tenant --key support.key 4be1f0c2a95d4c0f8b7a6d5e4c3b2a19
  cloister replies --tenant ./tenant --key support.key --follow --json 4be1f0c2a95d4c0f8b7a6d5e4c3b2a19`;

/** Adds `cloister replies`. */
export function registerReplies(program: Command, terminal: Terminal): void {
  const command = program
    .command("replies")
    .summary("read the replies of conversations as a recipient whom the policy names")
    .description("Reads the sealed replies of conversations with the private key of a recipient that the policy names.")
    .argument("<conversations...>", "conversation ids, 32 hexadecimal digits each; `cloister chat` shows its own")
    .requiredOption("--tenant <folder|id>", "the tenant, by its folder or id")
    .requiredOption("--key <file>", "private key that `cloister recipient init` made");
  addConnectionOptions(command)
    .option("--follow", "stay and show what comes")
    .addOption(new Option("--after <event>", "go on behind this event").conflicts("follow"))
    .option("--wait <seconds>", "without --follow: end after so long without an event", seconds, 2)
    .option("--development", "with --url: accept simulated evidence")
    .option("--json", "print each event as a line of JSON")
    .addHelpText("after", notes)
    .action((ids: readonly string[], flags: Flags, self: Command) => {
      const wrong = ids.find((id) => !/^[0-9a-f]{32}$/.test(id));
      if (wrong !== undefined) self.error("error: a conversation id is 32 lower-case hexadecimal digits");
      return interruptible((interrupt) => read(ids, flags, terminal, interrupt.signal));
    });
}

async function read(ids: readonly string[], flags: Flags, terminal: Terminal, signal: AbortSignal): Promise<void> {
  const tenantId = Buffer.from(await tenantIdFrom(flags.tenant), "hex");
  const client: Client = await tenantClient(tenantId, flags);
  const recipient = client.recipient(await readSeed(flags.key));
  await Promise.all(ids.map((id) => readOne(recipient, id, flags, terminal, signal)));
}

async function readOne(
  recipient: Recipient,
  conversationId: string,
  flags: Flags,
  terminal: Terminal,
  interrupted: AbortSignal,
): Promise<void> {
  const quiet = new Silence(flags.follow === true ? undefined : flags.wait * 1_000);
  const signal = AbortSignal.any([interrupted, quiet.signal]);
  const options = { signal, live: false, ...(flags.after !== undefined && { lastEventId: flags.after }) };
  try {
    for await (const event of recipient.replies(parseConversationId(conversationId), options)) {
      if (!isOfTheMailbox(event)) continue;
      quiet.broken();
      const followed = { conversationId, event };
      printLines(terminal, flags.json === true ? [eventJson(followed)] : eventLines(followed));
    }
  } catch (error) {
    if (!(signal.aborted && error instanceof ClientError && error.code === "ABORTED")) throw error;
  } finally {
    quiet.end();
  }
}

/** Aborts its signal when nothing broke it for so long; never without a time. */
class Silence {
  readonly #controller = new AbortController();
  readonly #forMs: number | undefined;
  #timer: NodeJS.Timeout | undefined;

  constructor(forMs: number | undefined) {
    this.#forMs = forMs;
    this.broken();
  }

  get signal(): AbortSignal {
    return this.#controller.signal;
  }

  broken(): void {
    this.end();
    if (this.#forMs !== undefined) this.#timer = setTimeout(() => this.#controller.abort(), this.#forMs);
  }

  end(): void {
    clearTimeout(this.#timer);
  }
}

function seconds(text: string): number {
  const number = Number(text);
  if (!/^\d{1,4}$/.test(text) || number < 1) throw new InvalidArgumentError("Whole seconds, 1 or more.");
  return number;
}
