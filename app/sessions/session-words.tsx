import { numberText } from "../ui/number";
import { RelativeTime } from "../ui/time";
import { agentStatusAt, type AgentReport, type SessionStatus } from "./protocol/session";

/** A session's status, by icon and by word. */
export function StatusWord({ status }: { status: SessionStatus }) {
  return status === "active" ? (
    <span className="status icon-active text-good">Active</span>
  ) : (
    <span className="status icon-archive text-muted">Archived</span>
  );
}

/** @returns "no messages", "1 message", "2 messages" */
export function messageCountText(count: number): string {
  if (count === 0) return "no messages";
  return count === 1 ? "1 message" : `${numberText(count)} messages`;
}

const STATUS_TEXT = {
  working: { word: "Working", said: "said", tone: "text-accent" },
  waiting: { word: "Needs you", said: "said", tone: "text-warn" },
  done: { word: "Done", said: "said", tone: "text-good" },
  failed: { word: "Failed", said: "said", tone: "text-danger" },
  silent: { word: "Silent", said: "last heard", tone: "text-muted" },
} as const;

/** What agents last said of their work, and how long ago: "Working, said 2 minutes ago". Nothing where none did. */
export function AgentStatusLabel({ report, now }: { report: AgentReport | null; now: number }) {
  const status = report && agentStatusAt(report, now);
  if (!status) return null;
  const { word, said, tone } = STATUS_TEXT[status];
  return (
    <span className={`status agent-status icon-${status} ${tone}`}>
      {`${word}, ${said} `}
      <RelativeTime at={report.at} now={now} />
    </span>
  );
}
