export { guardText } from "../guard/guard.ts";
export { TimerBeat } from "./beat.ts";
export { BeatingAnswer } from "./live-answer.ts";
