import { useActionData, useLocation } from "@remix-run/react";
import { useState } from "react";

/**
 * @returns what the page's last form was answered with, until the person goes on: Remix forgets it when the page's data is
 *   read again, which a live page does at any time. Back and Forward do not bring it back.
 */
export function useStickyActionData<Answer>(): Answer | undefined {
  const answer = useActionData() as Answer | undefined;
  const { key } = useLocation();
  const [last, setLast] = useState({ answer, key });
  // An answer comes before its page has its key, and is still there when it has.
  const isNew = answer !== undefined && answer !== last.answer;
  if (isNew || key !== last.key) setLast({ answer, key });
  return last.answer;
}
