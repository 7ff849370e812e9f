import js from "@eslint/js";
import a11y from "eslint-plugin-jsx-a11y";
import hooks from "eslint-plugin-react-hooks";
import { defineConfig, globalIgnores } from "eslint/config";
import ts from "typescript-eslint";

/** The feature folders of app/. They may not import from each other. */
const FEATURES = ["sessions", "runners", "notifications"];

/**
 * The folders of app/sessions by layer, the highest first; folders in one layer may not import from each other. The
 * files directly in app/sessions are the next lower layer, and protocol/ is the lowest.
 */
const LAYERS = [["page"], ["agents", "conversation", "bulk"], ["list"], ["lifecycle"]];

/** @returns the folders that the files of a feature may not import from, outside that feature */
const outside = (feature) => [
  ...["routes", "account", "auth", "github"],
  ...FEATURES.filter((other) => other !== feature),
];

/**
 * For each pattern of files, the folders that they may not import from. Imports go one way only: routes -> account ->
 * features, auth -> github -> ui, platform. Within app/sessions they go from higher layers to lower ones.
 */
const RESTRICTED = [
  ["app/ui/**", ["routes", "account", ...FEATURES, "auth", "github", "platform"]],
  ["app/platform/**", ["routes", "account", ...FEATURES, "auth", "github", "ui"]],
  ["app/github/**", ["routes", "account", ...FEATURES, "auth"]],
  ["app/auth/**", ["routes", "account", ...FEATURES]],
  ["app/account/**", ["routes"]],
  ...FEATURES.map((feature) => [`app/${feature}/**`, outside(feature)]),
  ["app/sessions/*", [...outside("sessions"), ...LAYERS.flat()]],
  ...LAYERS.flatMap((layer, level) => {
    const restricted = LAYERS.slice(0, level + 1).flat();
    return layer.map((folder) => [
      `app/sessions/${folder}/**`,
      [...outside("sessions"), ...restricted.filter((name) => name !== folder)],
    ]);
  }),
  [
    "durable-objects/**",
    [
      ...["routes", "ui", "list", "agents", "conversation", "page"],
      ...["auth/(?!records\\.server$)", "github/(?!(client|tokens)\\.server$)"],
    ],
  ],
];

/**
 * @param folder name of a folder, or a regular expression for a path in it
 * @returns a pattern of `no-restricted-imports` that matches relative and other imports from there
 */
const importsFrom = (folder) => ({
  regex: `(^|/)${folder.includes("/") ? folder : `${folder}/`}`,
});

const PROTOCOL = {
  regex: "^(?!\\./)",
  message: "The protocol is shared with programs that have none of this: types and pure functions.",
};

export default defineConfig(
  globalIgnores(["build", "public/build", "worker-configuration.d.ts", "**/.wrangler"]),
  js.configs.recommended,
  ts.configs.recommendedTypeChecked,
  hooks.configs.flat["recommended-latest"],
  a11y.flatConfigs.recommended,
  {
    languageOptions: { parserOptions: { projectService: true } },
    rules: {
      "@typescript-eslint/only-throw-error": "off", // Remix loaders and actions throw Responses.
      "@typescript-eslint/consistent-type-imports": "error",
      "jsx-a11y/no-autofocus": ["error", { ignoreNonDOM: true }],
    },
  },
  RESTRICTED.map(([files, folders]) => ({
    files: [files],
    rules: { "no-restricted-imports": ["error", { patterns: folders.map(importsFrom) }] },
  })),
  {
    files: ["app/sessions/protocol/**"],
    rules: { "no-restricted-imports": ["error", { patterns: [PROTOCOL] }] },
  },
  {
    files: ["app/**", "durable-objects/**"],
    rules: { "max-lines": ["error", 250] },
  },
  {
    files: ["app/routes/**"],
    rules: { "max-lines": ["error", 150] },
  },
  {
    files: ["**/*.js", "**/*.mjs"],
    extends: [ts.configs.disableTypeChecked],
    rules: { "no-undef": "off" }, // tsc checks scripts too, and knows Node's globals.
  },
);
