// @ts-check
/**
 * `npm run icons`: draws the icons that Ship shows, as the library has them, into one file that pages refer to. So they
 * weigh nothing in the browser's code, and a list of fifty rows draws none of them two hundred times.
 */
import * as lucide from "lucide-react";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { createElement } from "react";
import { renderToStaticMarkup } from "react-dom/server";
import { ROOT } from "./project.mjs";

/** By the names that Ship has for them. */
const ICONS = {
  active: lucide.CircleDot,
  add: lucide.Plus,
  agent: lucide.Bot,
  archive: lucide.Archive,
  back: lucide.ArrowLeft,
  delete: lucide.Trash2,
  done: lucide.CircleCheck,
  download: lucide.Download,
  external: lucide.ExternalLink,
  failed: lucide.CircleX,
  keyboard: lucide.Keyboard,
  private: lucide.Lock,
  restore: lucide.ArchiveRestore,
  ship: lucide.Sailboat,
  silent: lucide.CircleHelp,
  waiting: lucide.Hand,
  working: lucide.Loader,
};

/** @typedef {keyof typeof ICONS} IconName */

export const ICONS_FILE = join(ROOT, "app/ui/icons.svg");

/** @returns {string} the file's text: a symbol for each icon */
export function drawIcons() {
  const symbols = Object.entries(ICONS).map(([name, icon]) => {
    const drawn = renderToStaticMarkup(createElement(icon, { id: name }));
    return drawn
      .replace(/^<svg /, "<symbol ")
      .replace(/<\/svg>$/, "</symbol>")
      .replace(/ (xmlns|width|height|class|aria-hidden)="[^"]*"(?=[^>]* id=")/g, "");
  });
  return `<svg xmlns="http://www.w3.org/2000/svg">\n${symbols.join("\n")}\n</svg>\n`;
}

if (process.argv[1] === fileURLToPath(import.meta.url)) writeFileSync(ICONS_FILE, drawIcons());
