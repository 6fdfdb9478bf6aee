export { deepModelFolder } from "./deep-model.ts";
export { measureNamesModel, type NamesModelChoice } from "./model-folder.ts";
export { openTokenClassifier } from "./open-token-classifier.ts";
export { type TokenClassifier } from "./token-classifier.ts";
export { wordsOf } from "./words.ts";
