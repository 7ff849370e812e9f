import { useEffect } from "react";

/** The name under which it says whose it is. */
const OWNER = "owner";

/**
 * Keeps what is in this tab's `sessionStorage`, such as a draft, for one person: it is cleared when a page is another's, or
 * nobody's.
 *
 * @param userId the id of the person that the page is for; "" where nobody is signed in, undefined where it is not known
 */
export function useSessionStorageOwner(userId: string | undefined): void {
  useEffect(() => {
    if (userId === undefined || sessionStorage.getItem(OWNER) === userId) return;
    sessionStorage.clear();
    sessionStorage.setItem(OWNER, userId);
  }, [userId]);
}
