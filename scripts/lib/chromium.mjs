// @ts-check
/** The Chromium that the browser tests and the commands that open pages use. */
import { existsSync } from "node:fs";
import { chromium } from "playwright";
import { must, run } from "./processes.mjs";

const DEBIAN_CHROMIUM = "/usr/bin/chromium";
const asRoot = process.getuid?.() === 0;

/**
 * Chromium reads the last --disable-features only, so those of Playwright (chromiumSwitches.ts of the pinned version) are
 * repeated. The last two are ours: the address bar's popups are pages, which each new window renders although nobody sees
 * them, and took half of the processor time of a short test.
 */
const DISABLED_FEATURES = [
  "AvoidUnnecessaryBeforeUnloadCheckSync",
  "DestroyProfileOnBrowserClose",
  "HttpsUpgrades",
  "HttpsFirstBalancedModeAutoEnable",
  "LensOverlay",
  "MediaRouter",
  "PaintHolding",
  "ThirdPartyStoragePartitioning",
  "AvoidCorsURLLoaderRestartOnRedirect",
  "OptimizationHints",
  "NetworkTimeServiceQuerying",
  "AimEnabled",
  "PreconnectToSearch",
  "WebUIOmniboxPopup",
  "WebUIOmniboxAimPopup",
];

/** @returns {string | undefined} the path of Playwright's own Chromium or of Debian's, if either is installed */
function findChromium() {
  return [chromium.executablePath(), DEBIAN_CHROMIUM].find((path) => existsSync(path));
}

/** @returns the launch options for Playwright: the installed Chromium, without requests of its own to other machines */
export function chromiumOptions() {
  const args = [
    "--disable-background-networking",
    `--disable-features=${DISABLED_FEATURES.join(",")}`,
    ...(asRoot ? ["--no-sandbox"] : []),
  ];
  return { executablePath: findChromium() ?? "", args };
}

/**
 * Installs Playwright's Chromium, unless one is installed. If it cannot be downloaded, root gets Debian's package, and
 * this process ends with apt's exit code if that fails as well.
 *
 * @throws {Error} if it cannot be downloaded and this is not root
 */
export async function installChromium() {
  if (findChromium()) return;
  await run("playwright", ["install", ...(asRoot ? ["--with-deps"] : []), "chromium"]);
  if (findChromium()) return;
  if (!asRoot) throw new Error("Chromium could not be downloaded. Install it and try again.");
  const apt = "apt-get update -qq && apt-get install -y -qq --no-install-recommends chromium";
  await must("sh", ["-c", apt], { env: { DEBIAN_FRONTEND: "noninteractive" } });
}
