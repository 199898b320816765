// Our own scripts; what npm brings is not ours to mend.
import js from "@eslint/js";
import globals from "globals";

export default [
  { ignores: [".venv/", "node_modules/", "static/vendor/", "var/", "docs/_build/"] },
  js.configs.recommended,
  {
    languageOptions: { ecmaVersion: 2024, sourceType: "module" },
    linterOptions: { reportUnusedDisableDirectives: "error" },
    rules: { eqeqeq: "error", "no-undef": "error", "no-unused-vars": "error", "no-var": "error", "prefer-const": ["error", { destructuring: "all" }] },
  },
  { files: ["static/**/*.js"], languageOptions: { globals: globals.browser } },
  { files: ["tests/**/*.js", "deploy/**/*.js"], languageOptions: { globals: globals.node } },
];
