import { numberText } from "../ui/number";
import { RelativeTime } from "../ui/time";
import { agentStatusAt, type AgentReport, type SessionStatus } from "./protocol/session";

/** A session's status, as an icon and text. */
export function StatusLabel({ status }: { status: SessionStatus }) {
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
  working: { label: "Working", said: "said ", tone: "text-accent" },
  waiting: { label: "Needs you", said: "said ", tone: "text-warn" },
  done: { label: "Done", said: "said ", tone: "text-good" },
  failed: { label: "Failed", said: "said ", tone: "text-danger" },
  queued: { label: "Queued", said: "", tone: "text-muted" },
  lost: { label: "Connection lost", said: "last heard ", tone: "text-warn" },
  stopped: { label: "Stopped", said: "", tone: "text-muted" },
  refused: { label: "Refused", said: "", tone: "text-danger" },
  limit: { label: "Limit reached", said: "", tone: "text-warn" },
  interrupted: { label: "Interrupted", said: "", tone: "text-danger" },
  silent: { label: "Silent", said: "last heard ", tone: "text-muted" },
} as const;

/**
 * The agents' last reported status and its age, such as "Working, said 2 minutes ago". Empty if there is none. The list
 * hides the age on narrow screens.
 */
export function AgentStatusLabel({ report, now }: { report: AgentReport | null; now: number }) {
  const status = report && agentStatusAt(report, now);
  if (!status) return null;
  const { label, said, tone } = STATUS_TEXT[status];
  return (
    <span className={`status agent-status icon-${status} ${tone}`}>
      {label}
      <span className="said">
        {`, ${said}`}
        <RelativeTime at={report.at} now={now} />
      </span>
    </span>
  );
}
