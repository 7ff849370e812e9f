import { numberText } from "../ui/number";
import type { SessionStatus } from "./protocol/session";

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
