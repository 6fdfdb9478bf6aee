import { always, type PatternRule } from "./rule.ts";

export const email: PatternRule = {
  name: "email",
  type: "EMAIL_ADDRESS",
  source: "RFC 5321 sections 4.1.2 and 4.5.3.1 (dot-atom form, local part up to 64), RFC 6531 (letters of any script)",
  trigger: /@/,
  pattern:
    /(?<![\p{L}\p{N}.!#$%&'*+/=?^_`{|}~-])[\p{L}\p{N}!#$%&*+/=?^_`{|}~'-][\p{L}\p{N}.!#$%&'*+/=?^_`{|}~-]{0,63}@(?:[\p{L}\p{N}][\p{L}\p{N}-]{0,62}\.){1,8}\p{L}[\p{L}\p{N}-]{0,61}[\p{L}\p{N}]/gu,
  accept: always(1),
};
