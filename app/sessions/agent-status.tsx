import { CircleCheck, CircleHelp, CircleX, Hand, Loader } from "lucide-react";
import { RelativeTime } from "../ui/time";
import { agentStatusAt, type AgentReport } from "./session";

const STATUS = {
  working: { word: "Working", said: "said", Icon: Loader, tone: "text-accent" },
  waiting: { word: "Needs you", said: "said", Icon: Hand, tone: "text-warn" },
  done: { word: "Done", said: "said", Icon: CircleCheck, tone: "text-good" },
  failed: { word: "Failed", said: "said", Icon: CircleX, tone: "text-danger" },
  silent: { word: "Silent", said: "last heard", Icon: CircleHelp, tone: "text-muted" },
} as const;

/** What agents last said of their work, and how long ago: "Working, said 2 minutes ago". Nothing where none did. */
export function AgentStatus({ report, now }: { report: AgentReport | null; now: number }) {
  const status = report && agentStatusAt(report, now);
  if (!status) return null;
  const { word, said, Icon, tone } = STATUS[status];
  return (
    <span className={`status ${tone}`}>
      <Icon aria-hidden />
      <span>
        {word}, {said} <RelativeTime at={report.at} now={now} />
      </span>
    </span>
  );
}
