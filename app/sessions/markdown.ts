/**
 * What a message says, parsed: a tree of words and of the few things that they can be, free of any platform. It has no
 * place for HTML, and travels as JSON: a node is a short array, its kind first and what it contains second, so that a
 * page older than the server can show what is in a kind that it does not know.
 */
export type Markdown = MarkdownNode[];

/** A string is text; a line break in it is one in the message too. */
export type MarkdownNode =
  | string
  | [kind: "p" | "blockquote" | "em" | "strong" | "del", content: Markdown]
  | [kind: "heading", content: Markdown, level: HeadingLevel]
  | [kind: "ul", items: Markdown[]]
  | [kind: "ol", items: Markdown[], start: number]
  /** The box at the start of an item of a list of tasks. */
  | [kind: "task", done: boolean]
  /** The first row is the heading's. A row may be shorter than that one: what is missing is empty. */
  | [kind: "table", rows: Markdown[][], align: Align[]]
  | [kind: "pre", text: string, language: string]
  | [kind: "code", text: string]
  | [kind: "a", content: Markdown, href: string]
  | [kind: "hr"];

/** As in the page, where the conversation's own heading is an h2. */
export type HeadingLevel = 3 | 4 | 5 | 6;

/** How a column of a table is aligned; null where its author did not say. */
export type Align = "left" | "center" | "right" | null;

/**
 * @param href an address, percent-encoded
 * @returns whether a message may link to it: absolute, by a protocol that runs no script, with nothing in it that
 *   browsers read in their own way
 */
export function isLinkTarget(href: string): boolean {
  return /^(https?:\/\/(?![/\\])|mailto:)[\x21-\x7e]+$/i.test(href);
}
