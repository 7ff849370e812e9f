/** Imports run one way: routes -> account -> sessions, auth, github -> platform, ui. What the linter says to the other way. */
import { existsSync, readFileSync } from "node:fs";
import { dirname, join, relative } from "node:path";
import { ESLint } from "eslint";
import tsc from "typescript";
import ts from "typescript-eslint";
import { describe, expect, test } from "vitest";

const ROOT = join(import.meta.dirname, "../..");

// What an import may name needs no types, and reading them would take long.
const eslint = new ESLint({ cwd: ROOT, overrideConfig: [ts.configs.disableTypeChecked] });

const LOGIN = "routes/login";
const ACCOUNT = "account/deletion.server";
const LIST = "sessions/session-list";
const AUTH = "auth/auth.server";
const RECORDS = "auth/records.server";
const GITHUB = "github/repositories.server";
const LOG = "platform/log";
const FIELD = "ui/field";

describe.each<[string, { closed: string[]; open: string[] }]>([
  ["app/ui/field.tsx", { closed: [LOGIN, ACCOUNT, LIST, AUTH, GITHUB], open: [LOG] }],
  ["app/ui/dialog/frame.tsx", { closed: [LOGIN, LIST, AUTH, GITHUB], open: [LOG] }],
  ["app/platform/log.ts", { closed: [LOGIN, ACCOUNT, LIST, AUTH, GITHUB], open: [] }],
  [
    "app/sessions/list/session-list.tsx",
    { closed: [LOGIN, ACCOUNT], open: [AUTH, GITHUB, LOG, FIELD] },
  ],
  ["app/auth/auth.server.ts", { closed: [LOGIN, ACCOUNT], open: [GITHUB, LOG, FIELD] }],
  ["app/github/repositories.server.ts", { closed: [LOGIN, ACCOUNT], open: [AUTH, LOG, FIELD] }],
  ["app/account/deletion.server.ts", { closed: [LOGIN], open: [LIST, AUTH, GITHUB, LOG, FIELD] }],
  ["app/routes/login.tsx", { closed: [], open: [ACCOUNT, LIST, AUTH, GITHUB, LOG, FIELD] }],
  [
    "durable-objects/session/session-do.ts",
    { closed: [LOGIN, AUTH, GITHUB, FIELD], open: [LOG, RECORDS] },
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

test("the companion Worker takes nothing along of Remix and React", () => {
  const { files, packages } = reach("durable-objects/worker.ts");
  expect(files).toContain("app/sessions/lifecycle/lifecycle-statements.server.ts");
  expect(files).toContain("durable-objects/person/bulk-step.ts");
  expect(packages).toContain("kysely");
  expect([...packages].filter((name) => /^react|^@remix-run\//.test(name))).toEqual([]);
});

/** The ways in which one module can name another. */
function imports(file: string, module: string): string[] {
  const path = relative(dirname(file), join("app", module));
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

/** @returns the files that a file brings along, itself included, and the packages that these import; types are nothing */
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
