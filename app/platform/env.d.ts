/** Secrets: set by `wrangler pages secret put`, locally by `npm start` in .dev.vars. The rest of Env is generated. */
interface Env {
  /** Comma-separated; the first signs cookies, the others still verify them, so that a secret can be replaced. */
  AUTH_SECRETS: string;
  /** "true" offers sign-in by name alone, to loopback hosts only. */
  LOCAL_SIGN_IN?: string;
}
