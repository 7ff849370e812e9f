import { createContext, useContext } from "react";

/** The Content-Security-Policy nonce of the page, provided on the server only. */
export const NonceContext = createContext<string | undefined>(undefined);

/** @returns the nonce for inline scripts, undefined in the browser */
export function useNonce(): string | undefined {
  return useContext(NonceContext);
}
