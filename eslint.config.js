import js from "@eslint/js";
import a11y from "eslint-plugin-jsx-a11y";
import hooks from "eslint-plugin-react-hooks";
import { defineConfig, globalIgnores } from "eslint/config";
import ts from "typescript-eslint";

/** Imports run one way: routes -> account -> sessions, auth, github -> platform, ui. "!" names a file that is open all the same. */
const ROOMS = {
  "app/ui/**": ["routes", "account", "sessions", "auth", "github"],
  "app/platform/**": ["routes", "account", "sessions", "auth", "github"],
  "app/{sessions,auth,github}/**": ["routes", "account"],
  "app/account/**": ["routes"],
  "durable-objects/**": ["routes", "auth", "!auth/records.server", "github", "ui"],
};

const pattern = (name) => (name.startsWith("!") ? `!**/${name.slice(1)}` : `**/${name}/*`);

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
  Object.entries(ROOMS).map(([room, closed]) => ({
    files: [room],
    rules: {
      "no-restricted-imports": ["error", { patterns: closed.map(pattern) }],
    },
  })),
  {
    files: ["**/*.js", "**/*.mjs"],
    extends: [ts.configs.disableTypeChecked],
    rules: { "no-undef": "off" }, // tsc checks scripts too, and knows what Node has.
  },
);
