/** The structure of the code: which folder may import from which, no circular imports, limits on folders and files. */
import { execFileSync } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { dirname, join, relative } from "node:path";
import { ESLint } from "eslint";
import tsc from "typescript";
import ts from "typescript-eslint";
import { describe, expect, test } from "vitest";

const ROOT = join(import.meta.dirname, "../..");

// The rules about imports need no types, and loading them would take long.
const eslint = new ESLint({ cwd: ROOT, overrideConfig: [ts.configs.disableTypeChecked] });

const LOGIN = "routes/login";
const ACCOUNT = "account/deletion.server";
const AUTH = "auth/sign-in.server";
const RECORDS = "auth/records.server";
const GITHUB = "github/repositories.server";
const TOKENS = "github/tokens.server";
const LOG = "platform/log";
const FLASH = "platform/http/flash.server";
const FIELD = "ui/field";
const HOOK = "ui/hooks/throttle";
const RUNNERS = "runners/runners.server";
const PUSH = "notifications/push.server";

const PAGE = "sessions/page/session-details";
const AGENTS = "sessions/agents/agents-panel";
const CONVERSATION = "sessions/conversation/composer";
const BULK = "sessions/bulk/bulk.server";
const LIST = "sessions/list/session-list";
const LIFECYCLE = "sessions/lifecycle/lifecycle.server";
const KERNEL = "sessions/session-table.server";
const PROTOCOL = "sessions/protocol/session";

const ROOMS = [PAGE, AGENTS, CONVERSATION, BULK, LIST, LIFECYCLE];
const ABOVE = [LOGIN, ACCOUNT];
const BESIDE = [AUTH, GITHUB, RUNNERS, PUSH];
const BELOW = [LOG, FLASH, FIELD, HOOK];

describe.each<[string, { closed: string[]; open: string[] }]>([
  ["app/ui/field.tsx", { closed: [...ABOVE, ...BESIDE, KERNEL, LIST, LOG, FLASH], open: [HOOK] }],
  ["app/ui/hooks/throttle.ts", { closed: [...ABOVE, ...BESIDE, KERNEL, LOG], open: [FIELD] }],
  ["app/platform/log.ts", { closed: [...ABOVE, ...BESIDE, KERNEL, LIST, FIELD], open: [FLASH] }],
  ["app/platform/http/flash.server.ts", { closed: [...ABOVE, KERNEL, FIELD], open: [LOG] }],
  ["app/github/offer.server.ts", { closed: [...ABOVE, AUTH, KERNEL, RUNNERS], open: BELOW }],
  ["app/auth/auth.server.ts", { closed: [...ABOVE, KERNEL, LIST, PUSH], open: [GITHUB, ...BELOW] }],
  ["app/account/rows.server.ts", { closed: [LOGIN], open: [LIST, KERNEL, AUTH, GITHUB, ...BELOW] }],
  ["app/routes/login.tsx", { closed: [], open: [ACCOUNT, ...BESIDE, PAGE, KERNEL, ...BELOW] }],
  ["app/runners/panel.tsx", { closed: [...ABOVE, AUTH, GITHUB, PUSH, LIST, KERNEL], open: BELOW }],
  ["app/notifications/panel.tsx", { closed: [...ABOVE, AUTH, RUNNERS, KERNEL], open: BELOW }],

  [
    "app/sessions/protocol/session.ts",
    {
      closed: [...ABOVE, ...BESIDE, ...ROOMS, KERNEL, LOG, FIELD],
      open: ["sessions/protocol/message"],
    },
  ],
  [
    "app/sessions/paths.ts",
    { closed: [...ABOVE, ...BESIDE, ...ROOMS], open: [PROTOCOL, KERNEL, ...BELOW] },
  ],
  [
    "app/sessions/lifecycle/deletion.server.ts",
    {
      closed: [...ABOVE, ...BESIDE, PAGE, AGENTS, CONVERSATION, BULK, LIST],
      open: [LIFECYCLE, KERNEL, PROTOCOL, ...BELOW],
    },
  ],
  [
    "app/sessions/list/list.server.ts",
    {
      closed: [...ABOVE, ...BESIDE, PAGE, AGENTS, CONVERSATION, BULK],
      open: [LIST, LIFECYCLE, KERNEL, PROTOCOL, ...BELOW],
    },
  ],
  [
    "app/sessions/bulk/bulk.ts",
    {
      closed: [...ABOVE, ...BESIDE, PAGE, AGENTS, CONVERSATION],
      open: [BULK, LIST, LIFECYCLE, KERNEL, PROTOCOL, ...BELOW],
    },
  ],
  [
    "app/sessions/conversation/composer.tsx",
    { closed: [...ABOVE, ...BESIDE, PAGE, AGENTS, BULK], open: [LIST, LIFECYCLE, KERNEL] },
  ],
  [
    "app/sessions/agents/agents-panel.tsx",
    { closed: [...ABOVE, ...BESIDE, PAGE, CONVERSATION, BULK], open: [LIST, LIFECYCLE, KERNEL] },
  ],
  ["app/sessions/page/open-session.tsx", { closed: [...ABOVE, ...BESIDE], open: ROOMS }],

  [
    "durable-objects/session/session-do.ts",
    {
      closed: [LOGIN, AUTH, GITHUB, FIELD, PAGE, AGENTS, CONVERSATION, LIST],
      open: [LOG, RECORDS, TOKENS, LIFECYCLE, BULK, KERNEL, PROTOCOL],
    },
  ],
])("%s", (file, { closed, open }) => {
  test.each(closed)("may not import from %s", async (module) => {
    for (const statement of imports(file, module)) {
      expect(await complaintsAbout(statement, file), statement).toEqual(["no-restricted-imports"]);
    }
  });

  test.each(open)("may import from %s", async (module) => {
    for (const statement of imports(file, module)) {
      expect(await complaintsAbout(statement, file), statement).toEqual([]);
    }
  });
});

test.each([
  ["app/sessions/list/list.server.ts", 250],
  ["durable-objects/worker.ts", 250],
  ["app/routes/session.$id/route.tsx", 150],
])("%s may have %i lines and no more", async (file, limit) => {
  const line = "export {};\n";
  expect(await complaintsAbout(line.repeat(limit), file)).toEqual([]);
  expect(await complaintsAbout(line.repeat(limit + 1), file)).toEqual(["max-lines"]);
});

const CODE = gitFiles("app", "bench", "durable-objects", "functions", "scripts", "tests").filter(
  (file) => /\.(tsx?|mjs)$/.test(file),
);

test("no modules import each other in a circle, not even types", () => {
  expect(circles(CODE)).toEqual([]);
});

test("a circle would be found", () => {
  const imports: Record<string, string[]> = { a: ["b"], b: ["c", "d"], c: [], d: ["a"] };
  expect(circles(Object.keys(imports), (file) => imports[file]!)).toEqual(["a -> b -> d -> a"]);
});

test("no folder of the app, the companion or the scripts has more than fourteen files beside each other", () => {
  const folders = gitFiles("app", "durable-objects", "scripts").map((file) => dirname(file));
  const filesIn = (folder: string) => folders.filter((name) => name === folder).length;
  const large = [...new Set(folders)].filter((folder) => filesIn(folder) > 14);
  expect(large).toEqual([]);
});

test("the companion Worker takes nothing along of Remix and React", () => {
  const { files, packages } = reach("durable-objects/worker.ts");
  expect(files).toContain("app/sessions/lifecycle/lifecycle-statements.server.ts");
  expect(files).toContain("durable-objects/person/bulk-step.ts");
  expect(packages).toContain("kysely");
  expect([...packages].filter((name) => /^react|^@remix-run\//.test(name))).toEqual([]);
});

/** @returns the ways in which a file can import a module, each as a statement */
function imports(file: string, module: string): string[] {
  const fromFile = relative(dirname(file), join("app", module));
  const path = fromFile.startsWith(".") ? fromFile : `./${fromFile}`;
  return [
    `import { a } from "${path}";\na();\n`,
    `import type { A } from "${path}";\nexport const a: A = 1;\n`,
    `export * from "${path}";\n`,
  ];
}

async function complaintsAbout(code: string, file: string): Promise<(string | null)[]> {
  const [result] = await eslint.lintText(code, { filePath: join(ROOT, file) });
  return result!.messages.map(({ ruleId }) => ruleId);
}

/** @returns the files below these folders, including uncommitted ones */
function gitFiles(...folders: string[]): string[] {
  const args = ["ls-files", "--cached", "--others", "--exclude-standard", ...folders];
  const listed = execFileSync("git", args, { cwd: ROOT, encoding: "utf8" }).split("\n");
  return listed.filter((file) => file !== "" && existsSync(join(ROOT, file)));
}

/** @returns each circle as the files on it, in the order in which they import each other */
function circles(files: string[], importedBy = relativeImports): string[] {
  const found: string[] = [];
  const done = new Set<string>();
  const visit = (file: string, path: string[]) => {
    const start = path.indexOf(file);
    if (start >= 0) found.push([...path.slice(start), file].join(" -> "));
    if (start >= 0 || done.has(file)) return;
    for (const imported of importedBy(file)) visit(imported, [...path, file]);
    done.add(file);
  };
  for (const file of files) visit(file, []);
  return found;
}

/** @returns the files of the project that a file imports, types included */
function relativeImports(file: string): string[] {
  const { importedFiles } = tsc.preProcessFile(readFileSync(join(ROOT, file), "utf8"));
  return importedFiles
    .map(({ fileName }) => join(dirname(file), fileName))
    .flatMap((path) => CODE.find((code) => code.replace(/\.tsx?$/, "") === path) ?? []);
}

/**
 * @returns the files that a file imports, also indirectly, itself included, and the packages that these import; no
 *   types
 */
function reach(entry: string): { files: Set<string>; packages: Set<string> } {
  const files = new Set<string>();
  const packages = new Set<string>();
  const visit = (file: string) => {
    if (files.has(file)) return;
    files.add(file);
    for (const specifier of importsOf(file)) {
      if (specifier.startsWith(".")) visit(resolve(join(dirname(file), specifier)));
      else packages.add(specifier);
    }
  };
  visit(entry);
  return { files, packages };
}

function importsOf(file: string): string[] {
  const { outputText } = tsc.transpileModule(readFileSync(join(ROOT, file), "utf8"), {
    compilerOptions: { module: tsc.ModuleKind.ESNext, verbatimModuleSyntax: true },
  });
  return tsc.preProcessFile(outputText).importedFiles.map(({ fileName }) => fileName);
}

function resolve(path: string): string {
  const found = [path, `${path}.ts`, `${path}.tsx`].find((file) => existsSync(join(ROOT, file)));
  if (!found) throw new Error(`No module at ${path}`);
  return found;
}
