// @ts-check
/** Prints the results of the bench. */

/**
 * Prints a table.
 *
 * @param {string[]} heads
 * @param {(string | number)[][]} lines
 */
export function printTable(heads, lines) {
  const cells = [heads, ...lines.map((line) => line.map(written))];
  const widths = heads.map((_, column) =>
    Math.max(...cells.map((line) => line[column]?.length ?? 0)),
  );
  for (const line of cells) {
    const padded = line.map((cell, column) => cell.padStart(widths[column] ?? 0));
    console.log(padded.join("  "));
  }
}

/**
 * Prints whether a target was reached. Missing one is no failure, because the numbers depend on the machine and its
 * load.
 *
 * @param {string} what
 * @param {boolean} reached
 * @param {string} numbers
 */
export function printCheck(what, reached, numbers) {
  console.log(`${reached ? "reached    " : "NOT REACHED"}  ${what}: ${numbers}`);
}

/** @param {string | number} value */
function written(value) {
  if (typeof value === "string") return value;
  const digits = Number.isInteger(value) || value >= 100 ? 0 : 2;
  return value.toLocaleString("en", {
    minimumFractionDigits: digits,
    maximumFractionDigits: digits,
  });
}
