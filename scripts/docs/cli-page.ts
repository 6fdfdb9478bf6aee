import { PassThrough } from "node:stream";
import { createProgram } from "@cloister/cli";

/** The page is read on screens of any width; the terminal's own would make it differ from machine to machine. */
const WIDTH = 110;

type Command = ReturnType<typeof createProgram>;

const opening = `# The \`cloister\` command

<!-- Written by \`npm run docs\` from the commands' own help. Change it in cli/src. -->

From a checkout: \`npm run cloister -- <command>\`. Commands call the running system over HTTP. They find it by the data
folder of a \`cloister serve\` or of a stack on the same machine (\`--data\`), or by address and token (\`--url\`, \`--token\`,
or the environment). Three are an operator's tools and speak to an engine instead: \`migrate\` to PostgreSQL, \`topics\` to
Kafka, \`keys doctor\` to a KMS; \`start\` runs a service.

Every failure is one line on standard error, \`cloister: CODE: what happened and what to do\`. The codes are stable:
[errors.md](errors.md) says what to do about each.
`;

/** docs/cli.md: every command's help, as the terminal shows it. */
export function cliPage(): string {
  const terminal = { stdin: new PassThrough(), stdout: new PassThrough(), stderr: new PassThrough(), env: {} };
  const program = createProgram(terminal);
  const sections = commandsOf(program).map(({ title, help }) => `## ${title}\n\n\`\`\`text\n${help}\n\`\`\`\n`);
  return `${opening}\n${sections.join("\n")}`;
}

interface CommandHelp {
  readonly title: string;
  readonly help: string;
}

function commandsOf(command: Command, parents: readonly string[] = []): CommandHelp[] {
  const path = [...parents, command.name()];
  let help = "";
  command.configureOutput({
    writeOut: (text) => {
      help += text;
    },
    getOutHelpWidth: () => WIDTH,
    getOutHasColors: () => false,
  });
  command.outputHelp();
  return [
    { title: path.join(" "), help: help.trim() },
    ...command.commands.flatMap((child) => commandsOf(child, path)),
  ];
}
