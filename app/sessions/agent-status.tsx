import { RelativeTime } from "../ui/time";
import { agentStatusAt, type AgentReport } from "./protocol/session";

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
