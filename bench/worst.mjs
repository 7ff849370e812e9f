// @ts-check
/** The worst known messages, each as costly as 32 KiB can be, for tests and for the bench. */

const BYTES = 32 * 1024;

/** @param {string} part @returns {string} the part repeated until a message is full */
function filled(part) {
  return part.repeat(Math.floor(BYTES / Buffer.byteLength(part)));
}

/** @param {number} columns @param {number} rows @returns {string} a table with text in its last column only */
function table(columns, rows) {
  const heading = `|${"|".repeat(columns)}\n|${":-:|".repeat(columns)}\n`;
  return heading + `${"|".repeat(columns)}a\n`.repeat(rows) + "\n";
}

/** The most that is still shown formatted. */
const FORMATTED = {
  "empty cells, and characters that are escaped": table(30, 40) + '"'.repeat(2_300),
  "blocks of code": "```'\n```\n".repeat(3_640),
  images: "![a](http://b)".repeat(1_990),
  links: "[a](http://b.co) ".repeat(990),
  addresses: "http://a.co ".repeat(990),
  tasks: "- [x] a\n\n".repeat(660),
  "quotes in quotes": `${">".repeat(36)}a\n\n`.repeat(50),
  rules: "***\n".repeat(3_990),
  "code in a line": "`'` ".repeat(1_990),
  ampersands: filled("&"),
  apostrophes: filled("'"),
  "quotation marks": filled('"'),
  "control characters": filled("\u0001"),
};

/** Messages that are shown as plain text. */
const PLAIN = {
  "tables that are filled up": `${"a|".repeat(255)}a\n${"-|".repeat(255)}-\n${"|\n".repeat(250)}\n`.repeat(21).slice(0, BYTES), // prettier-ignore
  "many small tables": filled("|a|b|\n|-|-|\n|\n\n"),
  "deep quotes": filled(`${">".repeat(38)}a\n\n`),
  "deep lists": filled(`${"- ".repeat(18)}a\n\n`),
  emphasis: filled("*a* "),
  references: `[a]: http://b/${"c".repeat(16_000)}\n\n${"[a]".repeat(5_000)}`,
  "a quote that every line may go on with": `${">".repeat(36)}a\n${"b\n".repeat(3_990)}`,
};

/** Messages that take long to parse. */
const SLOW = {
  "addresses without an end": filled("http://a/["),
  "images in images": "![".repeat(BYTES / 3) + "]".repeat(BYTES / 3),
};

/** All of them, by a description. */
export const WORST = { ...FORMATTED, ...PLAIN, ...SLOW };
