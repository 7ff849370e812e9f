// @ts-check
import { existsSync } from "node:fs";
import { chromium } from "playwright";
import { must, run } from "./processes.mjs";

const SYSTEM_BROWSERS = [
  "/usr/bin/chromium",
  "/usr/bin/chromium-browser",
  "/usr/bin/google-chrome",
];

/** @returns how Playwright starts the Chromium that there is, where it may not reach anything but this machine */
export function chromiumOptions() {
  const asRoot = process.getuid?.() === 0;
  return {
    executablePath: findChromium() ?? "",
    args: ["--disable-background-networking", ...(asRoot ? ["--no-sandbox"] : [])],
  };
}

/** @returns {string | undefined} Playwright's own Chromium, or one that the system has */
function findChromium() {
  return [chromium.executablePath(), ...SYSTEM_BROWSERS].find((path) => existsSync(path));
}

/** Sees that there is a Chromium: one that exists, else Playwright's, else Debian's package where this is root. */
export async function installChromium() {
  if (findChromium()) return;
  const asRoot = process.getuid?.() === 0;
  const installed = await run("playwright", [
    "install",
    ...(asRoot ? ["--with-deps"] : []),
    "chromium",
  ]);
  if (installed === 0 && findChromium()) return;
  if (!asRoot) throw new Error("Chromium could not be downloaded: install one and run this again.");
  await must("apt-get", ["update", "-qq"]);
  await must("apt-get", ["install", "-y", "-qq", "--no-install-recommends", "chromium"], {
    env: { DEBIAN_FRONTEND: "noninteractive" },
  });
}
