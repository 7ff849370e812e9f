/** Reads what people and agents write as GitHub-flavoured Markdown, into the tree that a page shows. */
import MarkdownIt, { type StateBlock, type Token } from "markdown-it";
import { logError } from "../../app/platform/log";
import { MESSAGE_LINES, MESSAGE_TOKENS } from "../../app/sessions/protocol/budgets";
import {
  isLinkTarget,
  type Align,
  type Markdown,
  type MarkdownHeading,
  type MarkdownNode,
} from "../../app/sessions/protocol/markdown";

/** How deep quotes and lists may be in one another; a list counts twice. The parser drops what is deeper. */
const MAX_NESTING = 40;
/** How deep bold, italic and struck text may be in one another; what is deeper is plain. */
const MAX_MARKS = 16;
/** How many characters all addresses of a message may have: a few letters can refer to a long one again and again. */
const MAX_ADDRESS_CHARACTERS = 48 * 1024;
/** How many characters of a message are searched for the ends of addresses: where no space stands, each goes on to the last. */
const MAX_SCANNED_CHARACTERS = 96 * 1024;

const OPTIONS = { breaks: true, linkify: true, maxNesting: MAX_NESTING };
const parser = new MarkdownIt(OPTIONS);
limitAutolinks(parser.linkify);
parser.validateLink = isLinkTarget;
parser.normalizeLinkText = (text) => text; // An address is shown as it was written.

/** How many characters of the message that is being parsed were searched for the ends of addresses. */
let scanned = 0;

/** Lets addresses that stand in the text be links, as far as the message's limit goes. */
function limitAutolinks(linkify: MarkdownIt["linkify"]): void {
  linkify.set({ fuzzyLink: false }); // README.md and main.rs are no addresses.
  for (const schema of ["ftp:", "//"]) linkify.add(schema, null); // No link may lead there.
  const testSchemaAt = linkify.testSchemaAt.bind(linkify);
  linkify.testSchemaAt = (text, schema, start) => {
    if (scanned > MAX_SCANNED_CHARACTERS) return 0;
    scanned += /\S*/.exec(text.slice(start))![0].length;
    return testSchemaAt(text, schema, start);
  };
}

class TooMuchError extends Error {}

/** A few bytes of a table make thousands of cells, so tokens are counted before they are made. */
parser.block.State = class extends parser.block.State {
  override push(...token: Parameters<StateBlock["push"]>): Token {
    if (this.tokens.length >= MESSAGE_TOKENS) throw new TooMuchError();
    return super.push(...token);
  }
};

/** Raise it where the same text is to make another tree: those that are stored are then parsed again when they are read. */
export const TREE_VERSION = 1;

/** Never throws. What must not be a link stays as it was written; a message with too much formatting is plain text. */
export function parseMarkdown(text: string): Markdown {
  scanned = 0;
  try {
    // Each quote goes through all lines once more for every quote that it is in.
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

/** Puts a message's headings below the page's own, so that none skips a level, whatever they were written as. */
function levelHeadings(tokens: Token[]) {
  const outline: string[] = [];
  for (const [index, token] of tokens.entries()) {
    if (token.type !== "heading_open" || !tokens[index + 1]!.content) continue;
    while (outline.length > 0 && outline.at(-1)! >= token.tag) outline.pop();
    outline.push(token.tag);
    token.tag = `h${Math.min(2 + outline.length, 6)}`;
  }
}

/** A token of the parser, with those between it and the one that closes it. */
interface Nested {
  token: Token;
  inside: Nested[];
}

/** @param maxDepth how deep tokens may be in one another: one that is deeper opens nothing, and what is in it stays */
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
      // In a list without blank lines the words stand in the item itself.
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

/** One that says nothing is none. */
function heading(content: Markdown, tag: string): Markdown {
  return content.length > 0 ? [{ [tag]: content } as MarkdownHeading] : [];
}

/** @returns the first word of what stands behind a fence */
function languageOf({ info }: Token): string {
  return /^\s*(\S{0,32})/.exec(info)![1]!;
}

function markdownListItem({ inside }: Nested): Markdown {
  const content = blocks(inside);
  const source = inside[0]?.inside[0]?.token.content ?? "";
  const [, box] = /^\[([ xX])\]\s/.exec(source) ?? [];
  const first = content[0];
  const words = typeof first === "object" && "p" in first ? first.p : content;
  if (box && typeof words[0] === "string") {
    const rest = words[0].slice("[x] ".length);
    words.splice(0, 1, { task: box !== " " }, ...(rest ? [rest] : []));
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

/** Without the empty ones at the end: the parser fills each row up to the heading's, which may be a thousand cells. */
function cells({ inside }: Nested): Markdown[] {
  const row = inside.map((cell) => blocks(cell.inside));
  return row.slice(0, row.findLastIndex((cell) => cell.length > 0) + 1);
}

/** @param inLink whether they are in a link: there is none in another */
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
      const words = altText(token);
      return inLink ? [words] : link([words], addressOf(token)!);
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

/** Where it says nothing itself, its address is shown. */
function link(content: Markdown, href: string): Markdown {
  const says = content.some((node) => typeof node !== "string" || node.trim() !== "");
  return [{ a: says ? content : [href], href }];
}

/** The address of a link, or of an image, which is a link here: nothing is loaded from elsewhere. */
function addressOf(token: Token): string | null {
  return token.attrGet("href") ?? token.attrGet("src");
}

function altText(token: Token): string {
  if (token.type === "softbreak") return "\n";
  return token.children?.map(altText).join("") ?? token.content;
}

/** Puts strings beside each other into one, and leaves out what is empty. */
function joinTexts(nodes: Markdown): Markdown {
  const result: Markdown = [];
  for (const node of nodes) {
    const last = result.at(-1);
    if (typeof node === "string" && typeof last === "string") result.splice(-1, 1, last + node);
    else if (node !== "") result.push(node);
  }
  return result;
}
