/** Secrets: set by `wrangler pages secret put`, locally by `npm start` in .dev.vars. The rest of Env is generated. */
interface Env {
  /** Comma-separated. The first signs cookies; all of them verify cookies, so that a secret can be rotated. */
  AUTH_SECRETS: string;
  /** "true" offers sign-in by name, without a password, on loopback hosts only. */
  LOCAL_SIGN_IN?: string;
  /** Client id of the GitHub App. Sign-in with GitHub is offered if both the id and the secret are set. */
  GITHUB_CLIENT_ID?: string;
  GITHUB_CLIENT_SECRET?: string;
  /** The GitHub App's name in its URL. If set, Ship links to the App's page for connecting more repositories. */
  GITHUB_APP_SLUG?: string;
  /**
   * Comma-separated "id:key" pairs. An id consists of letters, digits, "-" and "_"; a key is 32 bytes in base64. The
   * first key encrypts; all of them decrypt, so that a key can be rotated.
   */
  TOKEN_KEYS?: string;
}
