import { createContext, useContext } from "react";

/** The nonce of the page being rendered; only the server knows it. */
export const NonceContext = createContext<string | undefined>(undefined);

/** @returns the nonce for inline scripts, undefined in the browser */
export function useNonce(): string | undefined {
  return useContext(NonceContext);
}
