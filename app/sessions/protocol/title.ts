/** The titles of sessions: what one may be, and the one that a task gives. Used by browser, app and companion. */
import { utf8Bytes } from "./budgets";

/** The maximum of a title: in characters as people count them, and in bytes of UTF-8. */
const TITLE_LENGTH = 120;
const TITLE_BYTES = 1_000;

/** The maximum length of a title that a task gives, in characters. */
const AUTO_TITLE_LENGTH = 80;

/** Line breaks, tabs and spaces of any kind. */
const SPACE = /\s+/g;
/** Control characters, and those that turn the direction of the text around them. */
const CONTROL = /[\p{Cc}\u202a-\u202e\u2066-\u2069]/u;

const characters = new Intl.Segmenter("en", { granularity: "grapheme" });

/** @returns the text on one line, without spaces at its ends or in a row */
export function foldSpace(text: string): string {
  return text.replace(SPACE, " ").trim();
}

/** @param title with its spaces folded, not empty @returns what is wrong with it, for the person; undefined if nothing */
export function titleProblem(title: string): string | undefined {
  if (CONTROL.test(title)) return "A title has no control characters.";
  // The bytes are checked first, because splitting a long text into characters takes long.
  const isTooLong = utf8Bytes(title) > TITLE_BYTES || countCharacters(title) > TITLE_LENGTH;
  return isTooLong ? `A title has at most ${TITLE_LENGTH} characters.` : undefined;
}

function countCharacters(text: string): number {
  return [...characters.segment(text)].length;
}

/** Letters of scripts that are written from right to left: Hebrew, Arabic and their neighbours in Unicode. */
const RIGHT_TO_LEFT =
  /[\u0590-\u08ff\ufb1d-\ufdff\ufe70-\ufefc\u{10800}-\u{10fff}\u{1e800}-\u{1efff}]/u;

/** @returns a title to put between other words of a plain text: isolated, if it would turn their direction */
export function isolated(title: string): string {
  return RIGHT_TO_LEFT.test(title) ? `\u2068${title}\u2069` : title;
}

/** How much of a task is looked at for its title, in UTF-16 units. */
const LOOKED_AT = 2_000;

/**
 * Makes the automatic title of a session: the first line of its task that has a word, without Markdown, cut between two
 * words.
 *
 * @returns null if there is no such line
 */
export function titleOfTask(task: string): string | null {
  for (const line of task.slice(0, LOOKED_AT).split(/\r\n?|\n/)) {
    const title = foldSpace(withoutMarkdown(line).replace(new RegExp(CONTROL, "gu"), " "));
    if (/[\p{L}\p{N}]/u.test(title)) return cut(title);
  }
  return null;
}

/** Removes the marks of GitHub-flavoured Markdown from one line; images and links leave their text. */
function withoutMarkdown(line: string): string {
  if (/^\s*(```|~~~)/.test(line)) return "";
  return line
    .replace(/^\s*(?:(?:#{1,6}|>|[-*+]|\d{1,9}[.)])\s+)+/, "")
    .replace(/^\[[ xX]\]\s+/, "")
    .replace(/!?\[([^[\]]*)\]\([^()\s]*(?:\s+"[^"]*")?\)/g, "$1")
    .replace(/`+/g, "")
    .replace(/(\*\*|__|~~)(?=\S)(.*?\S)\1/g, "$2")
    .replace(/(^|[^\w*])[*_](?=[^\s*_])([^*_]*[^\s*_])[*_](?!\w)/g, "$1$2");
}

/** Cuts a title to `AUTO_TITLE_LENGTH` characters, at a space if there is one in its second half. */
function cut(title: string): string {
  const all = [...characters.segment(title)].map(({ segment }) => segment);
  if (all.length <= AUTO_TITLE_LENGTH && utf8Bytes(title) <= TITLE_BYTES) return title;
  const start = fittingBytes(all.slice(0, AUTO_TITLE_LENGTH - 1));
  const space = start.lastIndexOf(" ");
  const isCutInWord = all[AUTO_TITLE_LENGTH - 1] !== " ";
  return `${(isCutInWord && space > start.length / 2 ? start.slice(0, space) : start).trimEnd()}…`;
}

/** @returns the first characters, as many as fit into the bytes of a title together with "…" */
function fittingBytes(all: string[]): string {
  let bytes = utf8Bytes("…");
  const count = all.findIndex((character) => (bytes += utf8Bytes(character)) > TITLE_BYTES);
  return all.slice(0, count === -1 ? all.length : count).join("");
}
