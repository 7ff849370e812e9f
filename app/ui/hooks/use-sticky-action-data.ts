import { useActionData, useLocation } from "@remix-run/react";
import { useState } from "react";

/**
 * Like `useActionData`, but keeps the data until the next navigation: Remix drops it at every revalidation, and live
 * pages revalidate at any time. Back and Forward do not bring it back.
 *
 * @returns the result of the page's last action; undefined if there is none
 */
export function useStickyActionData<Answer>(): Answer | undefined {
  const answer = useActionData() as Answer | undefined;
  const { key } = useLocation();
  const [last, setLast] = useState({ answer, key });
  // The action's result arrives before its navigation's key, and must survive the change of the key.
  const isNew = answer !== undefined && answer !== last.answer;
  if (isNew || key !== last.key) setLast({ answer, key });
  return last.answer;
}
