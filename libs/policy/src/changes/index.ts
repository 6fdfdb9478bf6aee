export { durationText, type Effect } from "./change.ts";
export { explainedFields, policyChanges, type PolicyChange } from "./policy-changes.ts";
