import { useActionData, useLocation } from "@remix-run/react";
import { useState } from "react";

/**
 * What the page's last form was answered with, until the person goes on: Remix forgets it when the page's data is read
 * anew, which a live page does at any time.
 */
export function useLastAnswer<Answer>(): Answer | undefined {
  const answer = useActionData() as Answer | undefined;
  const { key } = useLocation();
  const [last, setLast] = useState({ answer, key });
  // It comes before the page that it belongs to has its key.
  const isNew = answer !== undefined && (answer !== last.answer || key !== last.key);
  if (isNew) setLast({ answer, key });
  return last.key === key ? last.answer : undefined;
}
