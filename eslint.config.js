import js from "@eslint/js";
import a11y from "eslint-plugin-jsx-a11y";
import hooks from "eslint-plugin-react-hooks";
import { defineConfig, globalIgnores } from "eslint/config";
import ts from "typescript-eslint";

/** The features: none of them imports from another. */
const FEATURES = ["sessions", "runners", "notifications"];

/** The folders of app/sessions by floor, the highest first. Below them are the files beside them, then protocol/. */
const FLOORS = [["page"], ["agents", "conversation", "bulk"], ["list"], ["lifecycle"]];

const outside = (feature) => [
  ...["routes", "account", "auth", "github"],
  ...FEATURES.filter((other) => other !== feature),
];

/**
 * The folders that the files of a folder may not import from. Imports run one way: routes -> account -> features, auth ->
 * github -> ui, platform; within app/sessions from higher floors to lower ones.
 */
const CLOSED = [
  ["app/ui/**", ["routes", "account", ...FEATURES, "auth", "github", "platform"]],
  ["app/platform/**", ["routes", "account", ...FEATURES, "auth", "github", "ui"]],
  ["app/github/**", ["routes", "account", ...FEATURES, "auth"]],
  ["app/auth/**", ["routes", "account", ...FEATURES]],
  ["app/account/**", ["routes"]],
  ...FEATURES.map((feature) => [`app/${feature}/**`, outside(feature)]),
  ["app/sessions/*", [...outside("sessions"), ...FLOORS.flat()]],
  ...FLOORS.flatMap((floor, level) => {
    const closed = FLOORS.slice(0, level + 1).flat();
    return floor.map((room) => [
      `app/sessions/${room}/**`,
      [...outside("sessions"), ...closed.filter((name) => name !== room)],
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

/** @param folder its name, or a pattern of a path below it @returns what matches imports from there, also relative ones */
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
      "@typescript-eslint/only-throw-error": "off", // Remix: a Response is thrown to answer with it.
      "@typescript-eslint/consistent-type-imports": "error",
      "jsx-a11y/no-autofocus": ["error", { ignoreNonDOM: true }],
    },
  },
  CLOSED.map(([files, folders]) => ({
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
    rules: { "no-undef": "off" }, // tsc checks scripts too, and knows what Node has.
  },
);
