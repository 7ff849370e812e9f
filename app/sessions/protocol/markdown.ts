/**
 * What a message says, parsed: a tree of words and of the few things that they can be, free of any platform. It has no
 * place for HTML. It travels as JSON, so a node is small: its first property names its kind and holds what is in it,
 * also where a page is older than the server and does not know the kind.
 */
export type Markdown = MarkdownNode[];

/** A string is text; a line break in it is one in the message too. */
export type MarkdownNode =
  | string
  | { p: Markdown }
  | MarkdownHeading
  | { blockquote: Markdown }
  | { em: Markdown }
  | { strong: Markdown }
  | { del: Markdown }
  | { a: Markdown; href: string }
  | { code: string }
  | { pre: string; language: string }
  | { ul: Markdown[] }
  | { ol: Markdown[]; start: number }
  /** The box at the start of an item of a list of tasks, and whether that is done. */
  | { task: boolean }
  /** The first row is the heading's. A row may be shorter than that one: what is missing is empty. */
  | { table: Markdown[][]; align: Align[] }
  | { hr: true }
  /** A whole message that has too much formatting to display: its text as it was written. */
  | { plain: string };

/** The conversation's own heading is an h2. */
export type MarkdownHeading =
  { h3: Markdown } | { h4: Markdown } | { h5: Markdown } | { h6: Markdown };

/** How a column of a table is aligned; null where its author did not say. */
export type Align = "left" | "center" | "right" | null;

const INLINE = ["em", "strong", "del", "a", "code"];

/** @returns the words of a message, or of a part of one, without their looks; blocks, items and cells end with a line */
export function plainText(content: unknown): string {
  if (typeof content === "string") return content;
  if (Array.isArray(content)) {
    return content.map(plainText).join(Array.isArray(content[0]) ? "\n" : "");
  }
  const [first] = Object.entries(content ?? {});
  if (!first) return "";
  const [kind, inside] = first as [string, unknown];
  return plainText(inside) + (INLINE.includes(kind) ? "" : "\n");
}

/**
 * @param href an address, percent-encoded
 * @returns whether a message may link to it: absolute, by a protocol that runs no script, with nothing in it that
 *   browsers read in their own way
 */
export function isLinkTarget(href: string): boolean {
  return /^(https?:\/\/(?![/\\])|mailto:)[\x21-\x7e]+$/i.test(href);
}
