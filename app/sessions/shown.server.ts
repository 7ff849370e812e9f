import { parseMarkdown } from "./markdown.server";
import type { Message, ShownMessage } from "./session";

/** @returns a message as pages show it: its text parsed here, by the object that holds it, so that no browser has to */
export function shown({ text, ...message }: Message): ShownMessage {
  return { ...message, content: parseMarkdown(text) };
}
