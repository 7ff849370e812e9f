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

/** By status: its words, those between them and its age, and its colour. */
const STATUS_TEXT = {
  queued: { label: "Queued", said: " ", tone: "text-muted" },
  working: { label: "Working", said: ", said ", tone: "text-accent" },
  waiting: { label: "Needs you", said: ", said ", tone: "text-warn" },
  lost: { label: "Connection lost", said: ", last heard ", tone: "text-warn" },
  done: { label: "Done", said: ", said ", tone: "text-good" },
  failed: { label: "Failed", said: ", said ", tone: "text-danger" },
  stopped: { label: "Stopped", said: " ", tone: "text-muted" },
  refused: { label: "Refused", said: " ", tone: "text-danger" },
  limit: { label: "Limit reached", said: " ", tone: "text-warn" },
  interrupted: { label: "Interrupted", said: " ", tone: "text-danger" },
  silent: { label: "Silent", said: ", last heard ", tone: "text-muted" },
} as const;

/**
 * What the agents do and its age, such as "Working, said 2 minutes ago", or what they ask, such as "Needs you: Run the
 * tests?". Empty if nothing is known. The list hides the age on narrow screens.
 *
 * @param asks what is asked of the owner, to be shown instead of the age; null if nothing is
 */
export function AgentStatusLabel({
  report,
  asks = null,
  now,
}: {
  report: AgentReport | null;
  asks?: string | null;
  now: number;
}) {
  const status = report && agentStatusAt(report, now);
  if (!status) return null;
  const { label, said, tone } = STATUS_TEXT[status];
  const className = `status agent-status icon-${status} ${tone}`;
  if (asks !== null) {
    return (
      <span className={`${className} asking`}>
        {`${label}: `}
        <bdi>{asks}</bdi>
      </span>
    );
  }
  return (
    <span className={className}>
      {label}
      <span className="said">
        {said}
        <RelativeTime at={report.at} now={now} />
      </span>
    </span>
  );
}
