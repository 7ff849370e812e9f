import { useRef, useState } from "react";
import { openRequest, type Item } from "../../protocol/item";
import { useMeasuredHeight } from "../use-measured-height";
import { RequestForm } from "./request-view";

/**
 * @param requests the open ones, oldest first
 * @returns the one to be shown above the composer: the newest, but no other than a person is about to answer
 */
export function usePinned(requests: Item[]) {
  const [held, hold] = useState<number>();
  return { pinned: requests.find(({ id }) => id === held) ?? requests.at(-1), hold };
}

interface PinnedRequestProps extends ReturnType<typeof usePinned> {
  sessionId: string;
  /** How many requests are open. */
  count: number;
  /** Why the last answer, stop or withdrawal came to nothing. */
  late: string | undefined;
}

/** What stands above the composer: the open request, and what became of what was pressed too late. */
export function PinnedRequest({ sessionId, pinned, hold, count, late }: PinnedRequestProps) {
  const frame = useRef<HTMLDivElement>(null);
  useMeasuredHeight(frame, "--request");
  const request = pinned && openRequest(pinned);
  const stay = () => hold(pinned?.id);
  const leave = () => hold(undefined);
  return (
    <div ref={frame} className="pinned">
      {late !== undefined && (
        <p role="alert" className="notice text-danger">
          {late}
        </p>
      )}
      {request && (
        <div
          key={pinned.id}
          className="panel item"
          onPointerEnter={stay}
          onPointerLeave={leave}
          onFocus={stay}
          onBlur={leave}
        >
          <p className="flex flex-wrap justify-between gap-x-3 text-sm text-muted">
            <span className="status icon-waiting text-warn">{pinned.author} asks</span>
            {count > 1 && <span>1 of {count} requests</span>}
          </p>
          <RequestForm id={pinned.id} sessionId={sessionId} request={request} />
        </div>
      )}
    </div>
  );
}
