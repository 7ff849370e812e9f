import { defineConfig, devices } from "playwright/test";
import { findChromium } from "../scripts/chromium.mjs";

export const PORT = 8790;

const asRoot = process.getuid?.() === 0;
const desktop = { ...devices["Desktop Chrome"], viewport: { width: 1280, height: 800 } };
const phone = { ...devices["Pixel 7"], viewport: { width: 360, height: 740 } };

export default defineConfig({
  testDir: "e2e",
  outputDir: "../test-results/playwright",
  fullyParallel: true,
  forbidOnly: true,
  workers: 2,
  reporter: process.env.REPORT
    ? [["line"], ["json", { outputFile: process.env.REPORT }]]
    : [["line"]],
  use: {
    baseURL: `http://localhost:${PORT}`,
    launchOptions: {
      executablePath: findChromium() ?? "",
      args: ["--disable-background-networking", ...(asRoot ? ["--no-sandbox"] : [])],
    },
  },
  // Each behaviour is tried with and without JavaScript; what is about JavaScript itself is tagged @js.
  projects: [
    { name: "desktop", use: desktop },
    {
      name: "desktop without JavaScript",
      use: { ...desktop, javaScriptEnabled: false },
      grepInvert: /@js/,
    },
    { name: "phone", use: phone },
    {
      name: "phone without JavaScript",
      use: { ...phone, javaScriptEnabled: false },
      grepInvert: /@js/,
    },
  ],
  webServer: {
    command: `node support/server.mjs ${PORT}`,
    url: `http://localhost:${PORT}/login`,
    gracefulShutdown: { signal: "SIGTERM", timeout: 5_000 },
  },
});
