import { windowsOf } from "@cloister/canary";
import type { DemoConversation, DemoDocument } from "./conversations.ts";
import type { InputConversation } from "./input-lines.ts";

/** A text is searched by every window of this many characters, so that any longer piece of it is found. */
const WINDOW_CHARACTERS = 16;
/** A whole text shorter than this ("Ok?") would turn up by chance in tens of megabytes of ciphertext: it proves nothing. */
const MIN_SEARCHED_BYTES = 5;

/** Every personal value, and every window of every text that anybody typed. */
export function typedInDemo(conversations: readonly DemoConversation[], documents: readonly DemoDocument[]): string[] {
  const messages = conversations.flatMap((one) => one.messages);
  const texts = [...messages.map(({ text }) => text), ...documents.flatMap(({ title, text }) => [title, text])];
  return [...messages.flatMap(({ personal }) => personal), ...texts.flatMap(windows)];
}

export function typedInInput(conversations: readonly InputConversation[]): string[] {
  return conversations.flatMap(({ texts }) => texts).flatMap(windows);
}

/** How many of a user's own texts are too short to be searched for. */
export function tooShortToSearch(conversations: readonly InputConversation[]): number {
  return conversations.flatMap(({ texts }) => texts).filter((text) => !isSearched(text)).length;
}

const windows = (text: string): string[] => windowsOf(text, WINDOW_CHARACTERS).filter(isSearched);

const isSearched = (piece: string): boolean => Buffer.byteLength(piece) >= MIN_SEARCHED_BYTES;
