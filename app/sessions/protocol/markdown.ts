/**
 * A message's Markdown as a tree of nodes, used by browser and server. It cannot contain HTML. It is sent as JSON, so
 * nodes are small: the first property of a node is its kind, and the property's value is its content. That is true of
 * every future kind too, so that a page older than the server can show the content of a kind that it does not know.
 */
export type Markdown = MarkdownNode[];

/** A string is text; a line break in it is shown as one. */
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
  /** The checkbox at the start of a task list item: whether the task is done. */
  | { task: boolean }
  /** The first row is the header. A row may be shorter than it: missing cells are empty. */
  | { table: Markdown[][]; align: Align[] }
  | { hr: true }
  /** A whole message that has too much formatting to display: its text as it was written. */
  | { plain: string };

/** The levels begin at h3, because the heading "Conversation" of the page is an h2. */
export type MarkdownHeading =
  { h3: Markdown } | { h4: Markdown } | { h5: Markdown } | { h6: Markdown };

/** The alignment of a table column; null if the author did not set it. */
export type Align = "left" | "center" | "right" | null;

const INLINE = ["em", "strong", "del", "a", "code"];

/**
 * @param content a tree, a node or a part of one
 * @returns its text without formatting; blocks, list items and table cells end with a line break
 */
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
 * @param href a URL, percent-encoded
 * @returns whether a message may link to it: it must be absolute, use http, https or mailto, and contain nothing that
 *   browsers interpret differently, such as spaces or a slash or backslash after "//"
 */
export function isLinkTarget(href: string): boolean {
  return /^(https?:\/\/(?![/\\])|mailto:)[\x21-\x7e]+$/i.test(href);
}
