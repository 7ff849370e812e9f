import { memo, type ReactNode } from "react";
import { SCROLLABLE } from "../../ui/number";
import { isLinkTarget, type Align, type Markdown, type MarkdownNode } from "../protocol/markdown";

interface MarkdownViewProps {
  content: Markdown;
  /** Returns what follows the content: in its last paragraph, if it ends with one, or as a block. */
  tail?: (isInline: boolean) => ReactNode;
}

/**
 * Renders a parsed message as React elements; text never becomes HTML. Memoized, because a live page renders all its
 * messages again for each new one.
 */
export const MarkdownView = memo(function MarkdownView({ content, tail }: MarkdownViewProps) {
  const end = content.at(-1);
  if (!tail || typeof end !== "object" || !("p" in end)) {
    return (
      <div className="markdown">
        {content.map(view)}
        {tail?.(false)}
      </div>
    );
  }
  const blocks = content.slice(0, -1).map(view);
  return (
    <div className="markdown">
      {[
        ...blocks,
        <p key={blocks.length}>
          {end.p.map(view)}
          {tail(true)}
        </p>,
      ]}
    </div>
  );
});

function view(node: MarkdownNode, key: number): ReactNode {
  if (typeof node === "string") return node;
  if ("p" in node) return <p key={key}>{node.p.map(view)}</p>;
  if ("h3" in node) return <h3 key={key}>{node.h3.map(view)}</h3>;
  if ("h4" in node) return <h4 key={key}>{node.h4.map(view)}</h4>;
  if ("h5" in node) return <h5 key={key}>{node.h5.map(view)}</h5>;
  if ("h6" in node) return <h6 key={key}>{node.h6.map(view)}</h6>;
  if ("blockquote" in node) return <blockquote key={key}>{node.blockquote.map(view)}</blockquote>;
  if ("em" in node) return <em key={key}>{node.em.map(view)}</em>;
  if ("strong" in node) return <strong key={key}>{node.strong.map(view)}</strong>;
  if ("del" in node) return <del key={key}>{node.del.map(view)}</del>;
  if ("a" in node) {
    const href = isLinkTarget(node.href) ? node.href : undefined;
    return (
      <a key={key} className="link" rel="noreferrer nofollow" href={href}>
        {node.a.map(view)}
      </a>
    );
  }
  if ("code" in node) return <code key={key}>{node.code}</code>;
  if ("pre" in node) {
    return (
      <pre key={key} {...SCROLLABLE} aria-label="Code" data-language={node.language || undefined}>
        <code>{node.pre}</code>
      </pre>
    );
  }
  if ("ul" in node) return <ul key={key}>{node.ul.map(viewItem)}</ul>;
  if ("ol" in node) {
    return (
      <ol key={key} start={node.start}>
        {node.ol.map(viewItem)}
      </ol>
    );
  }
  if ("task" in node) {
    const label = node.task ? "Done" : "To do";
    return <input key={key} type="checkbox" disabled checked={node.task} aria-label={label} />;
  }
  if ("table" in node) {
    return (
      <div key={key} {...SCROLLABLE} aria-label="Table">
        <MarkdownTable rows={node.table} align={node.align} />
      </div>
    );
  }
  if ("hr" in node) return <hr key={key} />;
  if ("plain" in node) return <PlainText key={key} text={node.plain} />;
  return viewUnknown(node);
}

/** Renders the content of a node whose kind this page does not know, because the server is newer. */
function viewUnknown(node: object): ReactNode {
  const content: unknown = Object.values(node)[0];
  return Array.isArray(content) ? (content as Markdown).map(view) : String(content);
}

function PlainText({ text }: { text: string }) {
  return (
    <>
      <p className="text-sm text-muted">Shown as plain text: too much formatting to display.</p>
      <p className="whitespace-pre-wrap">{text}</p>
    </>
  );
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
