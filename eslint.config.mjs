// Typed ESLint for the whole repository. The repository's own rules, the import rules among them, are in scripts/lint/.
import { defineConfig, globalIgnores } from "eslint/config";
import { createNodeResolver, importX } from "eslint-plugin-import-x";
import tseslint from "typescript-eslint";
import { cloister } from "./scripts/lint/plugin.ts";

const source = ["{libs,services}/*/src/**/*.ts", "{embedded,cli}/src/**/*.ts"];
const tests = ["{libs,services}/*/test/**/*.ts", "{embedded,cli}/test/**/*.ts", "test/**/*.ts"];
const pure = ["libs/{contracts,envelope,attestation,policy,pii,audit}/src/**/*.ts"];

// A clock and chance are ports: only what implements them may ask the machine.
const clocks = ["libs/service/src/clock.ts", "libs/client/src/clock.ts"];
const edges = ["embedded/**", "cli/**", "libs/testing/**"];
const fromPorts = "Time and randomness come in as arguments or ports (Clock).";
const oneClock = "Only libs/service and the SDK have a clock, and only embedded/ has one that can be moved.";
const machineTime = [
  { object: "Date", property: "now", message: fromPorts },
  { object: "performance", property: "now", message: fromPorts },
  { object: "Math", property: "random", message: fromPorts },
];
const clockSyntax = [
  { selector: "NewExpression[callee.name=Date][arguments.length=0]", message: fromPorts },
  { selector: "ClassDeclaration > TSClassImplements[expression.name=/Clock$/]", message: oneClock },
  {
    selector: "VariableDeclarator[id.typeAnnotation.typeAnnotation.typeName.name=/Clock$/] > ObjectExpression",
    message: oneClock,
  },
];

export default defineConfig(
  globalIgnores(["**/dist/", "**/node_modules/", ".cache/", "libs/contracts/src/gen/"]),
  { linterOptions: { reportUnusedDisableDirectives: "error" } },
  {
    files: ["**/*.ts"],
    extends: [tseslint.configs.strictTypeChecked],
    plugins: { cloister, "import-x": importX },
    languageOptions: {
      // One program for all files: each of the 40 projects of `tsc -b` on its own would read Nest's types again.
      parserOptions: { project: "tsconfig.lint.json", tsconfigRootDir: import.meta.dirname },
    },
    settings: {
      "import-x/extensions": [".ts"],
      "import-x/parsers": { "@typescript-eslint/parser": [".ts"] },
      "import-x/resolver-next": [createNodeResolver({ extensions: [".ts", ".js", ".json"] })],
    },
    rules: {
      "cloister/layers": "error",
      "cloister/package-exports": "error",
      "cloister/pure-libraries": "error",
      "cloister/engines-in-adapters": "error",
      "cloister/no-logged-plaintext": "error",
      "import-x/no-cycle": ["error", { ignoreExternal: true }],
      "import-x/no-self-import": "error",

      eqeqeq: "error",
      "no-console": "error",
      "no-restricted-imports": ["error", { patterns: ["**/dist/**"] }],
      "@typescript-eslint/consistent-type-imports": ["error", { fixStyle: "inline-type-imports" }],
      "@typescript-eslint/explicit-module-boundary-types": "error",
      "@typescript-eslint/switch-exhaustiveness-check": ["error", { considerDefaultExhaustiveForUnions: true }],

      // Ports are promises whether or not an adapter has to wait.
      "@typescript-eslint/require-await": "off",
      // Enums come from protobuf and from syntax trees, as numbers and strings that were parsed.
      "@typescript-eslint/no-unsafe-enum-comparison": "off",
      "@typescript-eslint/no-unsafe-enum-assignment": "off",
      // Options objects of Nest are typed as classes and written as literals.
      "@typescript-eslint/no-unsafe-class-instance-assignment": "off",
      // Nest's modules and controllers are classes that hold decorators only.
      "@typescript-eslint/no-extraneous-class": ["error", { allowWithDecorator: true }],
      "@typescript-eslint/no-confusing-void-expression": ["error", { ignoreArrowShorthand: true }],
      "@typescript-eslint/restrict-template-expressions": ["error", { allowNumber: true, allowBoolean: true }],
      "@typescript-eslint/no-unnecessary-condition": [
        "error",
        { allowConstantLoopConditions: "only-allowed-literals" },
      ],
      "@typescript-eslint/no-unused-vars": ["error", { argsIgnorePattern: "^_", ignoreRestSiblings: true }],
    },
  },
  { files: source, rules: { "cloister/proved-assertion": "error" } },
  {
    files: source,
    ignores: [...edges, ...clocks],
    rules: {
      "no-restricted-properties": ["error", ...machineTime],
      "no-restricted-syntax": ["error", ...clockSyntax],
    },
  },
  {
    files: pure,
    ignores: ["libs/envelope/src/**/node*.ts"],
    rules: { "no-restricted-globals": ["error", "fetch", "WebSocket", "EventSource", "process", "Buffer", "require"] },
  },
  {
    files: tests,
    rules: {
      "@typescript-eslint/explicit-module-boundary-types": "off",
      // `expect(port.method)` hands a method to a matcher, which never calls it.
      "@typescript-eslint/unbound-method": "off",
    },
  },
  {
    files: ["cli/src/**", "embedded/src/demo/**", "scripts/**", "bench/**", "examples/**", "libs/*/training/**"],
    rules: { "no-console": "off" },
  },
  {
    // The peers that a benchmark compares with are installed in a package of its own, so their types are missing here.
    files: ["bench/**"],
    rules: {
      "@typescript-eslint/no-unsafe-argument": "off",
      "@typescript-eslint/no-unsafe-assignment": "off",
      "@typescript-eslint/no-unsafe-call": "off",
      "@typescript-eslint/no-unsafe-member-access": "off",
      "@typescript-eslint/no-unsafe-return": "off",
    },
  },
);
