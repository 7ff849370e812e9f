import { useEffect } from "react";

/** The `sessionStorage` key with the owner's id. */
const OWNER = "owner";

/**
 * Clears this tab's `sessionStorage`, which may have drafts, when another person signs in or nobody is signed in.
 *
 * @param userId id of the signed-in person; "" if nobody is signed in, undefined if unknown (then nothing is cleared)
 */
export function useSessionStorageOwner(userId: string | undefined): void {
  useEffect(() => {
    if (userId === undefined || sessionStorage.getItem(OWNER) === userId) return;
    sessionStorage.clear();
    sessionStorage.setItem(OWNER, userId);
  }, [userId]);
}
