import type { ReactNode } from "react";
import { SCROLLABLE } from "../../../ui/number";
import type { ToolCall, ToolContent, ToolKind } from "../../protocol/item";
import { diffBlocks, type DiffBlock } from "./diff-lines";

const TOOL_TEXT: Record<ToolKind, string> = {
  read: "Read",
  edit: "Edit",
  delete: "Delete",
  move: "Move",
  search: "Search",
  execute: "Run",
  think: "Think",
  fetch: "Fetch",
  switch_mode: "Switch mode",
  other: "Tool",
};

const TOOL_STATUS = {
  pending: { label: "Not begun", look: "icon-active text-muted" },
  in_progress: { label: "In progress", look: "icon-working text-accent" },
  completed: { label: "Completed", look: "icon-done text-good" },
  failed: { label: "Failed", look: "icon-failed text-danger" },
} as const;

/** A call of a tool: what it does, how far it is, on which files, and what came of it. */
export function ToolView({ call, by }: { call: ToolCall; by: ReactNode }) {
  const { title, tool, status, locations, content } = call;
  return (
    <li className="item">
      <div className="flex flex-wrap items-baseline gap-x-3">
        <span className={`status ${TOOL_STATUS[status].look}`}>{TOOL_STATUS[status].label}</span>
        <p className="min-w-0 font-medium">
          <span className="font-normal text-muted">{TOOL_TEXT[tool]}:</span> <bdi>{title}</bdi>
        </p>
        {by}
      </div>
      {locations.length > 0 && (
        <ul aria-label="Files" className="flex flex-wrap gap-x-3 text-sm text-muted">
          {locations.map(({ path, line }, place) => (
            <li key={place} className="min-w-0">
              <code>
                {path}
                {line !== undefined && `:${line}`}
              </code>
            </li>
          ))}
        </ul>
      )}
      {content.map((part, place) => (
        <ToolPart key={place} part={part} />
      ))}
    </li>
  );
}

function ToolPart({ part }: { part: ToolContent }) {
  switch (part.type) {
    case "text":
      return <p className="whitespace-pre-wrap">{part.text}</p>;
    case "output":
      return (
        <pre {...SCROLLABLE} aria-label="Output" className="code">
          {part.text}
        </pre>
      );
    case "diff":
      return (
        <div>
          <p className="text-sm text-muted">
            <code>{part.path}</code>
          </p>
          <DiffLines label={`Changes of ${part.path}`} blocks={diffBlocks(part.old, part.new)} />
        </div>
      );
  }
}

/** Added and removed lines among others: by their signs, by a word for screen readers, and by colour. */
export function DiffLines({ label, blocks }: { label: string; blocks: DiffBlock[] }) {
  return (
    <pre {...SCROLLABLE} aria-label={label} className="code diff">
      {blocks.map(({ kind, text }, place) => {
        if (kind === "same") return <span key={place}>{text}</span>;
        const Tag = kind === "added" ? "ins" : "del";
        return (
          <Tag key={place}>
            <span className="sr-only">{kind === "added" ? "Added:" : "Removed:"}</span>
            {text}
          </Tag>
        );
      })}
    </pre>
  );
}
