import * as cuit from "stdnum/lib/cjs/ar/cuit.js";
import * as cnpj from "stdnum/lib/cjs/br/cnpj.js";
import * as cpf from "stdnum/lib/cjs/br/cpf.js";
import * as sin from "stdnum/lib/cjs/ca/sin.js";
import * as rut from "stdnum/lib/cjs/cl/rut.js";
import * as curp from "stdnum/lib/cjs/mx/curp.js";
import * as southAfrican from "stdnum/lib/cjs/za/idnr.js";
import { compact, numberRule, passes } from "../number-rule.ts";
import type { PatternRule } from "../rule.ts";

export const americasAndAfrica: readonly PatternRule[] = [
  numberRule({
    name: "ca-sin",
    type: "CA_SIN",
    source: "Employment and Social Development Canada: nine digits, Luhn (stdnum)",
    form: "[1-79]\\d{2}([ -]?)\\d{3}\\1\\d{3}",
    check: passes(sin),
    alone: 0.4,
    words: ["sin", "social insurance", "assurance sociale", "nas"],
  }),
  numberRule({
    name: "br-cpf",
    type: "BR_CPF",
    source: "Receita Federal, CPF: nine digits and two check digits (stdnum)",
    form: "\\d{3}\\.\\d{3}\\.\\d{3}[-/]\\d{2}|\\d{9}-?\\d{2}",
    check: passes(cpf),
    alone: 0.45,
    words: ["cpf", "cadastro de pessoas"],
  }),
  numberRule({
    name: "br-cpf-with-signs",
    type: "BR_CPF",
    source: "Receita Federal, CPF as it is printed (stdnum)",
    form: "\\d{3}\\.\\d{3}\\.\\d{3}-\\d{2}",
    check: passes(cpf),
    alone: 0.95,
    words: ["cpf"],
  }),
  numberRule({
    name: "br-cnpj",
    type: "BR_CNPJ",
    source: "Receita Federal, CNPJ: twelve places and two check digits (stdnum)",
    form: "\\d{2}\\.?\\d{3}\\.?\\d{3}/?\\d{4}-?\\d{2}",
    check: passes(cnpj),
    alone: 0.8,
    words: ["cnpj"],
  }),
  numberRule({
    name: "mx-curp",
    type: "MX_CURP",
    source: "RENAPO, CURP: letters of the name, birth date, sex, state, check digit (stdnum)",
    form: "[a-z]{4}\\d{6}[hmx][a-z]{5}[a-z\\d]\\d",
    check: passes(curp),
    alone: 0.95,
    words: ["curp"],
  }),
  numberRule({
    name: "ar-cuit",
    type: "AR_CUIT",
    source: "AFIP, CUIT and CUIL: kind, document, check digit (stdnum)",
    form: "(?:2[03478]|3[034])-?\\d{8}-?\\d",
    check: passes(cuit),
    alone: 0.5,
    words: ["cui[tl]"],
  }),
  numberRule({
    name: "cl-rut",
    type: "CL_RUT",
    source: "Servicio de Impuestos Internos, RUT: check place modulus 11 (stdnum)",
    form: "\\d{1,2}\\.\\d{3}\\.\\d{3}-[\\dk]|\\d{7,8}-[\\dk]",
    check: (written) => passes(rut)(compact(written)),
    alone: 0.55,
    words: ["rut", "run"],
  }),
  numberRule({
    name: "za-identity-number",
    type: "ZA_IDENTITY_NUMBER",
    source: "Department of Home Affairs: birth date, sex, citizenship, Luhn (stdnum)",
    form: "\\d{6} ?\\d{4} ?[01][89] ?\\d",
    check: (written) => passes(southAfrican)(written.replace(/\D/g, "")),
    alone: 0.5,
    words: ["south african", "id (?:number|no\\.?)", "identity number"],
  }),
];
