import type { ReactNode } from "react";
import { isLinkTarget, type Align, type Markdown, type MarkdownNode } from "./markdown";

/** Shows a parsed message. What the tree has no kind for cannot be shown, so no text ever becomes a tag. */
export function MarkdownView({ content }: { content: Markdown }) {
  return <div className="markdown">{content.map(view)}</div>;
}

/** What is wider than the page scrolls by itself, also by the keyboard. */
const SCROLLABLE = { tabIndex: 0, role: "group" };

function view(node: MarkdownNode, key: number): ReactNode {
  if (typeof node === "string") return node;
  switch (node[0]) {
    case "p":
    case "blockquote":
    case "em":
    case "strong":
    case "del": {
      const [Tag, content] = node;
      return <Tag key={key}>{content.map(view)}</Tag>;
    }
    case "heading": {
      const [, content, level] = node;
      const Tag = `h${level}` as const;
      return <Tag key={key}>{content.map(view)}</Tag>;
    }
    case "ul":
      return <ul key={key}>{node[1].map(viewItem)}</ul>;
    case "ol":
      return (
        <ol key={key} start={node[2]}>
          {node[1].map(viewItem)}
        </ol>
      );
    case "task": {
      const [, done] = node;
      const label = done ? "Done" : "To do";
      return <input key={key} type="checkbox" disabled defaultChecked={done} aria-label={label} />;
    }
    case "table":
      return (
        <div key={key} {...SCROLLABLE} aria-label="Table">
          <MarkdownTable rows={node[1]} align={node[2]} />
        </div>
      );
    case "pre": {
      const [, text, language] = node;
      return (
        <pre key={key} {...SCROLLABLE} aria-label="Code" data-language={language || undefined}>
          <code>{text}</code>
        </pre>
      );
    }
    case "code":
      return <code key={key}>{node[1]}</code>;
    case "a": {
      const [, content, href] = node;
      return (
        <a
          key={key}
          className="link"
          rel="noreferrer nofollow"
          href={isLinkTarget(href) ? href : undefined}
        >
          {content.map(view)}
        </a>
      );
    }
    case "hr":
      return <hr key={key} />;
    default:
      return viewUnknown(node);
  }
}

/** What a server newer than this page has a kind for. */
function viewUnknown([, content]: [kind: string, content?: Markdown | string]): ReactNode {
  return Array.isArray(content) ? content.map(view) : content;
}

function viewItem(content: Markdown, key: number) {
  return <li key={key}>{content.map(view)}</li>;
}

const ALIGN_CLASS = { left: "text-left", center: "text-center", right: "text-right" };

function MarkdownTable({ rows, align }: { rows: Markdown[][]; align: Align[] }) {
  const viewCell = (Tag: "th" | "td") => (content: Markdown, column: number) => {
    const alignment = align[column];
    return (
      <Tag
        key={column}
        scope={Tag === "th" ? "col" : undefined}
        className={alignment ? ALIGN_CLASS[alignment] : undefined}
      >
        {content.map(view)}
      </Tag>
    );
  };
  const [heading = [], ...others] = rows;
  return (
    <table>
      <thead>
        <tr>{heading.map(viewCell("th"))}</tr>
      </thead>
      <tbody>
        {others.map((cells, row) => (
          <tr key={row}>{cells.map(viewCell("td"))}</tr>
        ))}
      </tbody>
    </table>
  );
}
