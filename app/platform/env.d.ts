/** Secrets: set by `wrangler pages secret put`, locally by `npm start` in .dev.vars. The rest of Env is generated. */
interface Env {
  /** Comma-separated; the first signs cookies, the others still verify them, so that a secret can be replaced. */
  AUTH_SECRETS: string;
  /** "true" offers sign-in by name alone, to loopback hosts only. */
  LOCAL_SIGN_IN?: string;
  /** Of the GitHub App; with both of them, sign-in with GitHub is offered. */
  GITHUB_CLIENT_ID?: string;
  GITHUB_CLIENT_SECRET?: string;
  /** The GitHub App's name in its URL; with it, a link leads to where more repositories are connected. */
  GITHUB_APP_SLUG?: string;
  /**
   * "id:key" pairs, comma-separated: an id has letters, digits, "-" and "_", a key is 32 bytes in base64; the first
   * encrypts, the others still decrypt.
   */
  TOKEN_KEYS?: string;
}
