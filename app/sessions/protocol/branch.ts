import { utf8Bytes } from "./budgets";

/** The maximum length of a branch's name, in bytes of UTF-8. */
const BRANCH_BYTES = 200;

/** What git refuses in a branch's name (git-check-ref-format, with --branch), and how to say it. */
const REFUSED: { is: RegExp; error: string }[] = [
  {
    // eslint-disable-next-line no-control-regex -- git refuses control characters
    is: /[\x00-\x20\x7f~^:?*[\\]/,
    error: "A branch has no spaces, control characters, “~”, “^”, “:”, “?”, “*”, “[” or “\\”.",
  },
  { is: /\.\./, error: "A branch does not have two dots in a row." },
  { is: /@\{/, error: "A branch does not have “@{”." },
  { is: /^\/|\/$|\/\//, error: "A branch does not begin or end with “/”, nor have two in a row." },
  { is: /(^|\/)\./, error: "No part of a branch begins with a dot." },
  { is: /\.$/, error: "A branch does not end with a dot." },
  { is: /\.lock(\/|$)/, error: "No part of a branch ends with “.lock”." },
  { is: /^-/, error: "A branch does not begin with a hyphen." },
  { is: /^(@|HEAD)$/, error: "A branch cannot be called “@” or “HEAD”." },
];

/** @param branch not empty @returns what is wrong with a branch's name, for the person; undefined if nothing */
export function branchProblem(branch: string): string | undefined {
  if (utf8Bytes(branch) > BRANCH_BYTES) return "A branch has at most 200 bytes.";
  return REFUSED.find(({ is }) => is.test(branch))?.error;
}
