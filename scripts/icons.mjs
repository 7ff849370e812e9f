// @ts-check
/**
 * `npm run icons`: writes the library's icons that Ship uses into one SVG, one below the other, with a CSS class for
 * each. An icon is a class of the element whose text it accompanies: it adds no JavaScript, and no elements to a list
 * of fifty rows with two hundred icons (docs/decisions/0007).
 */
import * as lucide from "lucide-react";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { createElement } from "react";
import { renderToStaticMarkup } from "react-dom/server";
import { ROOT } from "./lib/processes.mjs";

/** The library's icons, by Ship's names for them. */
const ICONS = {
  active: lucide.CircleDot,
  add: lucide.Plus,
  agent: lucide.Bot,
  archive: lucide.Archive,
  back: lucide.ArrowLeft,
  dark: lucide.Moon,
  delete: lucide.Trash2,
  done: lucide.CircleCheck,
  download: lucide.Download,
  external: lucide.ExternalLink,
  failed: lucide.CircleX,
  info: lucide.Info,
  interrupted: lucide.Unlink,
  keyboard: lucide.Keyboard,
  light: lucide.Sun,
  limit: lucide.Gauge,
  lost: lucide.Unplug,
  private: lucide.Lock,
  queued: lucide.Clock,
  refused: lucide.Ban,
  rename: lucide.Pencil,
  restore: lucide.ArchiveRestore,
  ship: lucide.Sailboat,
  silent: lucide.CircleHelp,
  stopped: lucide.CircleStop,
  system: lucide.Monitor,
  waiting: lucide.Hand,
  unread: lucide.MailOpen,
  warning: lucide.TriangleAlert,
  working: lucide.Loader,
};

/** The width and height of an icon, as the library draws it. */
const SIZE = 24;

/** @returns {Record<"app/ui/icons.svg" | "app/ui/icons.css", string>} the contents of the files, by path */
export function drawIcons() {
  const icons = Object.entries(ICONS);
  const drawn = icons.map(([, icon], place) =>
    renderToStaticMarkup(createElement(icon, { y: place * SIZE })).replace(
      / (class|aria-hidden|xmlns)="[^"]*"/g,
      "",
    ),
  );
  const view = `viewBox="0 0 ${SIZE} ${icons.length * SIZE}"`;
  const classes = icons.map(
    ([name], place) => `.icon-${name} {\n  --icon: ${place / (icons.length - 1)};\n}`,
  );
  return {
    "app/ui/icons.svg": `<svg xmlns="http://www.w3.org/2000/svg" ${view}>\n${drawn.join("\n")}\n</svg>\n`,
    "app/ui/icons.css": `/* Made by \`npm run icons\`: where each icon is in icons.svg. */
[class*="icon-"]::before {
  content: "";
  mask: url("./icons.svg") 0 calc(var(--icon) * 100%) / 100% ${icons.length * 100}%;
}
${classes.join("\n")}
`,
  };
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  for (const [path, text] of Object.entries(drawIcons())) writeFileSync(join(ROOT, path), text);
}
