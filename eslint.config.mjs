import convex from "@convex-dev/eslint-plugin";
import reactHooks from "eslint-plugin-react-hooks";
import { defineConfig, globalIgnores } from "eslint/config";
import tseslint from "typescript-eslint";

/**
 * Imports flow one way: a folder's name tells what is allowed inside.
 * Each entry: the files, and what they may not reach.
 */
const FLOW = [
  {
    files: ["src/**"],
    patterns: [
      {
        group: [
          "@convex/*",
          "!@convex/_generated",
          "!@convex/model",
          "!@convex/validators",
          "**/convex/*",
          "!convex/*",
        ],
        message:
          "src talks to convex through convex/_generated and shares convex/model; nothing else.",
      },
      {
        group: ["**/emulators/**", "**/sandboxd/**", "**/scripts/**"],
        message: "Pages know addresses, not what answers there.",
      },
    ],
  },
  {
    files: ["convex/*.ts", "convex/lifecycle/**", "convex/chat/**"],
    patterns: [
      {
        group: ["./node/**", "../node/**"],
        allowTypeImports: true,
        message:
          "Functions reach effects through internal.node.*, which run in Node.",
      },
      outside("convex"),
    ],
  },
  {
    files: ["convex/node/**"],
    patterns: [outside("convex")],
  },
  {
    files: ["convex/model/**"],
    ignores: ["**/*.test.ts"],
    patterns: [
      {
        group: ["**/_generated/**", "convex/server", "convex/browser"],
        message:
          "convex/model is plain TypeScript: values in, decisions out, no ctx.",
      },
      {
        group: ["**/node/**", "**/lifecycle/**", "**/access"],
        message: "convex/model imports nothing outside itself.",
      },
      outside("convex/model"),
    ],
  },
  {
    files: ["emulators/**"],
    ignores: ["**/*.test.ts"],
    patterns: [
      {
        group: ["@/**", "@convex/**", "**/src/**", "**/sandboxd/**"],
        message:
          "An emulator serves a wire; it knows nothing of who is at the other end.",
      },
      {
        regex: "^(\\.\\./)+convex(/|$)",
        message: "Emulators know nothing of convex' logic.",
      },
    ],
  },
  {
    files: ["cli/**"],
    ignores: ["**/*.test.ts"],
    patterns: [
      {
        regex: "^(@/|(\\.\\./)+(src|emulators|scripts|sandboxd|relay|tests)/)",
        message: "The command line is a client of the HTTP API.",
      },
      {
        regex: "^(@convex/|(\\.\\./)+convex/)(?!model/)",
        message: "Of convex it knows plain numbers of convex/model.",
      },
    ],
  },
  {
    files: ["relay/**"],
    patterns: [
      {
        regex:
          "^(@/|@convex/|(\\.\\./)+(convex|src|emulators|scripts|sandboxd)/)",
        message:
          "The relay is a container of its own: nothing outside its folder is there.",
      },
    ],
  },
  {
    files: ["sandboxd/**"],
    ignores: ["**/*.test.ts"],
    patterns: [
      {
        regex: "^(\\.\\./)+(convex|src|emulators|scripts|relay)(/|$)",
        message:
          "sandboxd is one file in a sandbox: it has nothing but itself.",
      },
      {
        regex: "^[^.n]",
        message: "sandboxd has no dependencies: built-in modules only.",
      },
    ],
  },
];

function outside(folder) {
  return {
    group: [
      "@/**",
      "**/src/**",
      "**/emulators/**",
      "**/sandboxd/**",
      "**/scripts/**",
    ],
    message: `${folder} runs on a deployment: nothing outside it is there.`,
  };
}

const TYPED = {
  languageOptions: {
    parserOptions: {
      projectService: true,
      tsconfigRootDir: import.meta.dirname,
    },
  },
};

export default defineConfig(
  globalIgnores([
    "node_modules/",
    ".next/",
    ".slipway/",
    "convex/_generated/",
    "next-env.d.ts",
    "examples/",
    "coverage/",
  ]),
  { linterOptions: { reportUnusedDisableDirectives: "error" } },
  ...tseslint.configs.recommended,
  {
    files: ["**/*.ts", "**/*.tsx"],
    ...TYPED,
    rules: {
      "@typescript-eslint/no-floating-promises": "error",
      "@typescript-eslint/no-misused-promises": [
        "error",
        // React handlers and event listeners may be async; they handle their failures.
        { checksVoidReturn: false },
      ],
      "@typescript-eslint/await-thenable": "error",
      "@typescript-eslint/only-throw-error": "error",
      "@typescript-eslint/return-await": [
        "error",
        "error-handling-correctness-only",
      ],
      "@typescript-eslint/switch-exhaustiveness-check": [
        "error",
        { considerDefaultExhaustiveForUnions: true },
      ],
      "@typescript-eslint/consistent-type-imports": "error",
    },
  },
  {
    files: ["**/*.test.ts", "**/*.test.tsx", "tests/**"],
    // Bun types expect(...).rejects as void; it is a promise and must be awaited.
    rules: { "@typescript-eslint/await-thenable": "off" },
  },
  {
    rules: {
      "@typescript-eslint/no-unused-vars": [
        "error",
        { argsIgnorePattern: "^_", varsIgnorePattern: "^_" },
      ],
      eqeqeq: ["error", "always", { null: "ignore" }],
      "no-empty": ["error", { allowEmptyCatch: false }],
      "no-control-regex": "error",
      "no-self-compare": "error",
      "no-unsafe-finally": "error",
      "no-constant-condition": ["error", { checkLoops: false }],
      "no-restricted-syntax": [
        "error",
        {
          selector:
            "CallExpression[callee.property.name='catch'] > ArrowFunctionExpression[body.type='BlockStatement'][body.body.length=0]",
          message: "An error is handled, recorded or passed on.",
        },
        {
          selector: "TSAsExpression > TSAnyKeyword",
          message: "Say what it is, or check it.",
        },
      ],
      "max-lines": ["error", { max: 400, skipBlankLines: false }],
    },
  },
  {
    files: ["src/**"],
    plugins: { "react-hooks": reactHooks },
    rules: {
      "react-hooks/rules-of-hooks": "error",
      "react-hooks/exhaustive-deps": "error",
    },
  },
  ...convex.configs.recommended,
  {
    files: ["convex/**/*.ts"],
    rules: {
      // Settings are read where they are used, so that a change needs no deploy.
      "@convex-dev/no-process-env": "off",
      "@convex-dev/no-collect-in-query": "error",
    },
  },
  {
    files: ["convex/**/*.ts"],
    // The rule does not see that the importing file is "use node" itself.
    ignores: ["convex/node/**", "**/*.test.ts"],
    rules: { "@convex-dev/import-wrong-runtime": "error" },
  },
  ...FLOW.map(({ files, ignores = [], patterns }) => ({
    files,
    ignores,
    rules: {
      "@typescript-eslint/no-restricted-imports": ["error", { patterns }],
    },
  })),
);
