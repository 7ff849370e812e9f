/** Parses messages as GitHub-flavoured Markdown into the tree that a page shows. */
import MarkdownIt, { type StateBlock, type Token } from "markdown-it";
import { logError } from "../../../app/platform/log";
import { MESSAGE_LINES, MESSAGE_TOKENS } from "../../../app/sessions/protocol/budgets";
import {
  isLinkTarget,
  type Align,
  type Markdown,
  type MarkdownHeading,
  type MarkdownNode,
} from "../../../app/sessions/protocol/markdown";

/** How deep quotes and lists may be nested; a list counts twice. The parser drops deeper content. */
const MAX_NESTING = 40;
/** How deep bold, italic and struck text may be nested; deeper text has no formatting. */
const MAX_MARKS = 16;
/** How many characters all URLs of a message may have: a short reference can repeat a long URL many times. */
const MAX_ADDRESS_CHARACTERS = 48 * 1024;
/** How many characters of a message are scanned for the end of a URL: without spaces, each scan goes on to the end. */
const MAX_SCANNED_CHARACTERS = 96 * 1024;

const OPTIONS = { breaks: true, linkify: true, maxNesting: MAX_NESTING };
const parser = new MarkdownIt(OPTIONS);
limitAutolinks(parser.linkify);
parser.validateLink = isLinkTarget;
parser.normalizeLinkText = (text) => text; // A URL is shown as it was written.

/** How many characters of the current message have been scanned for the end of a URL. */
let scanned = 0;

/** Turns URLs in the text into links, up to `MAX_SCANNED_CHARACTERS`. */
function limitAutolinks(linkify: MarkdownIt["linkify"]): void {
  linkify.set({ fuzzyLink: false }); // Otherwise README.md and main.rs would become links.
  for (const schema of ["ftp:", "//"]) linkify.add(schema, null); // Not allowed: see `isLinkTarget`.
  const testSchemaAt = linkify.testSchemaAt.bind(linkify);
  linkify.testSchemaAt = (text, schema, start) => {
    if (scanned > MAX_SCANNED_CHARACTERS) return 0;
    scanned += /\S*/.exec(text.slice(start))![0].length;
    return testSchemaAt(text, schema, start);
  };
}

class TooMuchError extends Error {}

/** Counts tokens before they are created, because a few bytes of a table can create thousands of cells. */
parser.block.State = class extends parser.block.State {
  override push(...token: Parameters<StateBlock["push"]>): Token {
    if (this.tokens.length >= MESSAGE_TOKENS) throw new TooMuchError();
    return super.push(...token);
  }
};

/** Increase it when the parser's result changes: stored trees of an older version are then parsed again when read. */
export const TREE_VERSION = 1;

/** Parses a message. Never throws. A forbidden link stays text; with too much formatting, the message is plain text. */
export function parseMarkdown(text: string): Markdown {
  scanned = 0;
  try {
    // The parser scans all lines again for each level of nested quotes, so the number of lines is limited.
    if (text.split(/\r\n?|\n/).length > MESSAGE_LINES) throw new TooMuchError();
    const tokens = parser.parse(text, {});
    if (!isTooMuch(tokens)) {
      levelHeadings(tokens);
      return blocks(nest(tokens));
    }
  } catch (error) {
    if (!(error instanceof TooMuchError)) logError("markdown", error);
  }
  return [{ plain: text }];
}

function isTooMuch(tokens: Token[]): boolean {
  const all = withChildren(tokens);
  const innermost = tokens.some(
    ({ type, level }) =>
      level >= MAX_NESTING - 1 && (type === "blockquote_open" || type === "list_item_open"),
  );
  const addresses = all.reduce((sum, token) => sum + (addressOf(token)?.length ?? 0), 0);
  return innermost || all.length > MESSAGE_TOKENS || addresses > MAX_ADDRESS_CHARACTERS;
}

function withChildren(tokens: Token[]): Token[] {
  return tokens.flatMap((token) => [token, ...withChildren(token.children ?? [])]);
}

/** Changes the headings' levels, so that they come below the page's own headings and skip no level. */
function levelHeadings(tokens: Token[]) {
  const outline: string[] = [];
  for (const [index, token] of tokens.entries()) {
    if (token.type !== "heading_open" || !tokens[index + 1]!.content) continue;
    while (outline.length > 0 && outline.at(-1)! >= token.tag) outline.pop();
    outline.push(token.tag);
    token.tag = `h${Math.min(2 + outline.length, 6)}`;
  }
}

/** A token of the parser, with the tokens between it and its closing token. */
interface Nested {
  token: Token;
  inside: Nested[];
}

/** @param maxDepth how deep tokens may be nested: a deeper token is left out, but its content is kept */
function nest(tokens: Token[], maxDepth = Infinity): Nested[] {
  const all: Nested[] = [];
  const open = [all];
  for (const token of tokens) {
    const around = open.at(-1)!;
    if (token.nesting < 0) {
      open.pop();
    } else if (token.nesting > 0 && open.length > maxDepth) {
      open.push(around);
    } else {
      const nested = { token, inside: [] };
      around.push(nested);
      if (token.nesting > 0) open.push(nested.inside);
    }
  }
  return all;
}

function blocks(nested: Nested[]): Markdown {
  return nested.flatMap(block);
}

function block({ token, inside }: Nested): Markdown {
  switch (token.type) {
    case "inline":
      return inlines(nest(token.children ?? [], MAX_MARKS));
    case "paragraph_open":
      // In a list without blank lines, the text is in the item itself, without a paragraph.
      return token.hidden ? blocks(inside) : [{ p: blocks(inside) }];
    case "heading_open":
      return heading(blocks(inside), token.tag);
    case "blockquote_open":
      return [{ blockquote: blocks(inside) }];
    case "bullet_list_open":
      return [{ ul: inside.map(markdownListItem) }];
    case "ordered_list_open":
      return [{ ol: inside.map(markdownListItem), start: Number(token.attrGet("start") ?? 1) }];
    case "table_open":
      return [table(inside)];
    case "fence":
    case "code_block":
      return [{ pre: token.content.replace(/\n$/, ""), language: languageOf(token) }];
    case "hr":
      return [{ hr: true }];
    default:
      return [token.content];
  }
}

/** Leaves out an empty heading. */
function heading(content: Markdown, tag: string): Markdown {
  return content.length > 0 ? [{ [tag]: content } as MarkdownHeading] : [];
}

/** @returns the first word after a code fence */
function languageOf({ info }: Token): string {
  return /^\s*(\S{0,32})/.exec(info)![1]!;
}

function markdownListItem({ inside }: Nested): Markdown {
  const content = blocks(inside);
  const source = inside[0]?.inside[0]?.token.content ?? "";
  const [, box] = /^\[([ xX])\]\s/.exec(source) ?? [];
  const first = content[0];
  const texts = typeof first === "object" && "p" in first ? first.p : content;
  if (box && typeof texts[0] === "string") {
    const rest = texts[0].slice("[x] ".length);
    texts.splice(0, 1, { task: box !== " " }, ...(rest ? [rest] : []));
  }
  return content;
}

function table(sections: Nested[]): MarkdownNode {
  const rows = sections.flatMap(({ inside }) => inside);
  const align = rows[0]!.inside.map(({ token }) => alignOf(token));
  return { table: rows.map(cells), align };
}

function alignOf(cell: Token): Align {
  const style = cell.attrGet("style");
  return style === null ? null : (style.replace("text-align:", "") as Align);
}

/** Removes empty cells at the end: the parser fills each row up to the length of the header. */
function cells({ inside }: Nested): Markdown[] {
  const row = inside.map((cell) => blocks(cell.inside));
  return row.slice(0, row.findLastIndex((cell) => cell.length > 0) + 1);
}

/** @param inLink whether the nodes are in a link: links are not nested */
function inlines(nested: Nested[], inLink = false): Markdown {
  return joinTexts(nested.flatMap((one) => inline(one, inLink)));
}

function inline({ token, inside }: Nested, inLink: boolean): Markdown {
  switch (token.type) {
    case "em_open":
      return [{ em: inlines(inside, inLink) }];
    case "strong_open":
      return [{ strong: inlines(inside, inLink) }];
    case "s_open":
      return [{ del: inlines(inside, inLink) }];
    case "link_open":
      return link(inlines(inside, true), addressOf(token)!);
    case "image": {
      const alt = altText(token);
      return inLink ? [alt] : link([alt], addressOf(token)!);
    }
    case "code_inline":
      return [{ code: token.content }];
    case "softbreak":
    case "hardbreak":
      return ["\n"];
    default:
      return [token.content];
  }
}

/** A link without text shows its URL. */
function link(content: Markdown, href: string): Markdown {
  const hasText = content.some((node) => typeof node !== "string" || node.trim() !== "");
  return [{ a: hasText ? content : [href], href }];
}

/** @returns the URL of a link or an image. Images become links, so that a page loads nothing from other servers. */
function addressOf(token: Token): string | null {
  return token.attrGet("href") ?? token.attrGet("src");
}

function altText(token: Token): string {
  if (token.type === "softbreak") return "\n";
  return token.children?.map(altText).join("") ?? token.content;
}

/** Joins adjacent strings, and removes empty ones. */
function joinTexts(nodes: Markdown): Markdown {
  const result: Markdown = [];
  for (const node of nodes) {
    const last = result.at(-1);
    if (typeof node === "string" && typeof last === "string") result.splice(-1, 1, last + node);
    else if (node !== "") result.push(node);
  }
  return result;
}
