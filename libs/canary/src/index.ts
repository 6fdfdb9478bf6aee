export { needlesOf, windowsOf, type Needle } from "./needle.ts";
export { NeedleMatcher, type Hit } from "./matcher.ts";
export { searchForValues, type Finding, type SearchedPlace, type SearchReport } from "./search.ts";
