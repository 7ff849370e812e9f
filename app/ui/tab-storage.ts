import { useEffect } from "react";

/** Under which name `sessionStorage` says whose it is. */
const OWNER = "owner";

/**
 * Keeps what this tab remembers, such as a draft, for one person: it is forgotten when a page is another's or nobody's.
 *
 * @param userId the id of the person that the page is for; "" where nobody is signed in, undefined where it is not known
 */
export function useTabOf(userId: string | undefined): void {
  useEffect(() => {
    if (userId === undefined || sessionStorage.getItem(OWNER) === userId) return;
    sessionStorage.clear();
    sessionStorage.setItem(OWNER, userId);
  }, [userId]);
}
