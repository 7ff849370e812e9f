declare global {
  namespace Cloudflare {
    interface Env {
      /** How the random sequences are generated: set by environment variables, see tests/vitest.config.ts. */
      MODEL: { runs: number; histories: number; seed?: number; path?: string; shrink: boolean };
    }
  }
}

export {};
