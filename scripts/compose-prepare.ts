// `npm run compose:prepare`: what docker-compose.yml mounts: secrets, made at random the first time, and folders that services
// write into. .env says as which user their containers run: the one who runs this, and never root.
import { randomBytes } from "node:crypto";
import { chownSync, existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { userInfo } from "node:os";
import { join } from "node:path";
import { repositoryRoot } from "./lint/workspaces.ts";

const secretNames = [
  ...["postgres", "keys-postgres", "authority", "release", "lifecycle", "operations"],
  ...["ingest", "redaction", "enclave-inference", "embedding", "retention", "keys"].map((name) => `database-${name}`),
];
const folders = ["secrets", "keyring", "simulated", "tokens"];
/** The user `nonroot` of the images. */
const NOBODY = 65_532;

const own = userInfo();
const user = own.uid > 0 ? { uid: own.uid, gid: own.gid } : { uid: NOBODY, gid: NOBODY };
const place = join(repositoryRoot, ".cloister/compose");

for (const folder of folders) {
  mkdirSync(join(place, folder), { recursive: true, mode: 0o700 });
  give(join(place, folder));
}
for (const name of secretNames) {
  const file = join(place, "secrets", name);
  if (!existsSync(file)) writeFileSync(file, randomBytes(32).toString("base64url"), { mode: 0o600 });
  give(file);
}
writeUser(join(repositoryRoot, ".env"));
console.log(`Secrets and folders are in ${place}; the services run as ${user.uid}:${user.gid}.`);
console.log("Next: docker compose up --build --wait");

function give(path: string): void {
  if (own.uid === 0) chownSync(path, user.uid, user.gid);
}

/** Other lines of the file are kept. */
function writeUser(file: string): void {
  const lines = existsSync(file) ? readFileSync(file, "utf8").split("\n") : [];
  const others = lines.filter((line) => line !== "" && !/^CLOISTER_[UG]ID=/u.test(line));
  const written = [...others, `CLOISTER_UID=${user.uid}`, `CLOISTER_GID=${user.gid}`, ""];
  writeFileSync(file, written.join("\n"), { mode: 0o600 });
}
