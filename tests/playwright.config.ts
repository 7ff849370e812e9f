import { defineConfig, devices } from "playwright/test";
import { chromiumOptions } from "../scripts/lib/chromium.mjs";
import {
  CONNECTED,
  FAULTY,
  GITHUB,
  GITHUB_COMMAND,
  IMPATIENT,
  urlOf,
  WORKING,
} from "./support/servers";

const desktop = { ...devices["Desktop Chrome"], viewport: { width: 1280, height: 800 } };
const phone = { ...devices["Pixel 7"], viewport: { width: 360, height: 740 } };
const REQUESTS = "requests/**";

export default defineConfig({
  testDir: "e2e",
  outputDir: "../test-results/playwright",
  fullyParallel: true,
  forbidOnly: true,
  workers: 2,
  // In CI, a test that fails once and passes when repeated counts as flaky, not as failed: on a busy machine, timing
  // varies.
  retries: process.env.CI ? 1 : 0,
  reporter: process.env.REPORT
    ? [["line"], ["json", { outputFile: process.env.REPORT }]]
    : [["line"]],
  use: {
    baseURL: urlOf(WORKING),
    launchOptions: chromiumOptions(),
  },
  // Each behaviour is tested with and without JavaScript, except tests about JavaScript itself (@js); on a phone, only
  // tests of what differs there (@phone); tests that need no browser run without one.
  projects: [
    { name: "desktop", use: desktop, testIgnore: REQUESTS },
    {
      name: "desktop without JavaScript",
      use: { ...desktop, javaScriptEnabled: false },
      testIgnore: REQUESTS,
      grepInvert: /@js/,
    },
    { name: "phone", use: phone, testIgnore: REQUESTS, grep: /@phone/ },
    { name: "requests", testMatch: REQUESTS },
  ],
  webServer: [
    ...[WORKING, FAULTY, IMPATIENT, CONNECTED].map((server) => ({
      command: `node support/server.mjs --port ${server.port} ${server.options}`,
      url: `${urlOf(server)}/login`,
      timeout: 120_000,
      stderr: server.complains ? ("ignore" as const) : ("pipe" as const),
      gracefulShutdown: { signal: "SIGTERM" as const, timeout: 5_000 },
    })),
    { command: GITHUB_COMMAND, url: `${GITHUB}/_people/nobody` },
  ],
});
