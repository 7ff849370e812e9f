declare global {
  namespace Cloudflare {
    interface Env {
      /** How the random histories are drawn: set by environment variables, see tests/vitest.config.ts. */
      MODEL: { runs: number; seed?: number; path?: string; shrink: boolean };
    }
  }
}

export {};
