/** What agents may send as an item. Its texts are cut when they are stored; everything else is refused beyond its limit. */
import * as z from "zod/mini";

/** The most of a name, such as a path or the text of an option, and of a title; in characters. */
const NAME = 200;
const PATH = 1_000;
const TITLE = 300;

const text = (what: string) => z.string(`${what} is text.`);

/** Characters that turn the direction of the text around them, so that a request could seem to ask something else. */
const DIRECTION = /[\u202a-\u202e\u2066-\u2069]/g;

const short = (what: string, most: number) =>
  text(what).check(
    z.overwrite((value) => value.replace(DIRECTION, "\ufffd")),
    z.minLength(1, `${what} has at least one character.`),
    z.maxLength(most, `${what} has at most ${most} characters.`),
  );

const many = <Entry extends z.ZodMiniType>(what: string, entry: Entry, most: number) =>
  z
    .array(entry, `${what} are a list.`)
    .check(z.maxLength(most, `There are at most ${most} ${what.toLowerCase()}.`));

const count = (what: string) =>
  z
    .number(`${what} is a number.`)
    .check(z.int(`${what} is a whole number.`), z.gte(0, `${what} is not negative.`));

const one = <const Values extends readonly string[]>(what: string, values: Values) =>
  z.enum(values, `${what} is one of: ${values.join(", ")}.`);

const KINDS = "An item’s kind is one of: thought, tool, permission, plan, changes, notice.";

const thought = z.object({ kind: z.literal("thought"), text: text("A thought’s text") });

const content = z.discriminatedUnion(
  "type",
  [
    z.object({ type: z.literal("text"), text: text("A content’s text") }),
    z.object({ type: z.literal("output"), text: text("A content’s text") }),
    z.object({
      type: z.literal("diff"),
      path: short("A diff’s path", PATH),
      old: text("A diff’s old"),
      new: text("A diff’s new"),
    }),
  ],
  "A content’s type is one of: text, output, diff.",
);

const location = z.object(
  { path: short("A location’s path", PATH), line: z.optional(count("A line")) },
  "A location is an object.",
);

const tool = z.object({
  kind: z.literal("tool"),
  title: z.optional(short("A title", TITLE)),
  tool: z.optional(
    one("A tool", [
      ...(["read", "edit", "delete", "move", "search"] as const),
      ...(["execute", "think", "fetch", "switch_mode", "other"] as const),
    ]),
  ),
  status: z.optional(one("A tool’s status", ["pending", "in_progress", "completed", "failed"])),
  content: z.optional(many("Contents", content, 50)),
  locations: z.optional(many("Locations", location, 100)),
});

const option = z.object(
  {
    id: short("An option’s id", NAME),
    name: short("An option’s name", NAME),
    kind: one("An option’s kind", ["allow_once", "allow_always", "reject_once", "reject_always"]),
  },
  "An option is an object.",
);

const permission = z.object({
  kind: z.literal("permission"),
  title: short("A title", TITLE),
  options: many("Options", option, 10).check(
    z.minLength(1, "A request has at least one option."),
    z.refine((options) => new Set(options.map(({ id }) => id)).size === options.length, {
      error: "Each option has an id of its own.",
    }),
  ),
});

const entry = z.object(
  {
    content: short("An entry’s content", 2_000),
    priority: one("A priority", ["high", "medium", "low"]),
    status: one("An entry’s status", ["pending", "in_progress", "completed"]),
  },
  "An entry is an object.",
);

const plan = z.object({ kind: z.literal("plan"), entries: many("Entries", entry, 200) });

const file = z.object(
  { path: short("A file’s path", PATH), added: count("Added"), removed: count("Removed") },
  "A file is an object.",
);

const changes = z.object({
  kind: z.literal("changes"),
  branch: short("A branch", NAME),
  base: short("A base", NAME),
  files: many("Files", file, 1_000),
  patch: text("A patch"),
  missing: z.object(
    { files: count("Missing files"), lines: count("Missing lines") },
    "What is missing is an object of files and lines.",
  ),
  pullRequest: z.optional(
    short("A pull request", PATH).check(
      z.regex(/^https:\/\//, "The address of a pull request begins with https://."),
    ),
  ),
});

const notice = z.object({
  kind: z.literal("notice"),
  severity: one("A severity", ["info", "warning", "error"]),
  text: text("A notice’s text"),
});

/** An item in an agent's report: see `NewItem`. */
export const itemInput = z.discriminatedUnion(
  "kind",
  [thought, tool, permission, plan, changes, notice],
  KINDS,
);
