// Faults only: layout is the author's.

import js from "@eslint/js"
import globals from "globals"

export default [
  { ignores: ["**/node_modules/", "**/vendor/", "**/.venv/"] },
  js.configs.recommended,
  { languageOptions: { ecmaVersion: 2024, sourceType: "module", globals: globals.browser } },
  { files: ["tests/js/**", "*.js"], languageOptions: { globals: globals.node } },
  {
    rules: {
      eqeqeq: "error", "no-var": "error", "prefer-const": "error", "no-shadow-restricted-names": "error",
      "no-unused-vars": ["error", { argsIgnorePattern: "^_", varsIgnorePattern: "^_" }],
      "no-implicit-coercion": ["error", { boolean: false }], "no-throw-literal": "error",
    },
  },
]
