import type { PatternRule } from "./rule.ts";

const label =
  /(?:user ?names?|user[ _-]?id|log-?in(?: name| id)?|screen ?name|account name|benutzername|anmeldename|nom d'utilisateur|identifiant|nombre de usuario|usuario|nome utente|gebruikersnaam|nazwa użytkownika|nome de usuário)["']?(?: is| was| ist| est| es|:|=){1,2} {0,2}["']?/iu;

/** The name behind the label; a handle tells who somebody is as well as a name does. */
export const username: PatternRule = {
  name: "username",
  type: "USERNAME",
  source: "POSIX.1-2017 section 3.437 and the handles of online services; the label decides",
  trigger: /user|login|log-in|name|identifiant|usuario|utente/i,
  pattern: new RegExp(`(?<![\\p{L}\\p{N}])${label.source}[\\p{L}\\p{N}_][\\p{L}\\p{N}_.@-]{2,40}`, "giu"),
  accept: (match) => {
    const start = label.exec(match)?.[0].length ?? 0;
    const value = match.slice(start).replace(/[.-]+$/, "");
    const isWord = /^\p{Ll}+$/u.test(value) && commonAnswers.has(value);
    return isWord ? undefined : { start, end: start + value.length, score: /[\d_.]/.test(value) ? 0.85 : 0.65 };
  },
};

const commonAnswers = new Set(
  "not incorrect wrong invalid required missing taken unknown correct already available too the case unique empty null undefined still also now being blocked locked your his her their our that this what different same shown displayed failing working down slow impossible".split(
    " ",
  ),
);
