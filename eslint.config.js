// Typed lint, and the map of docs/architecture.md as import rules: who may import whom.
import js from '@eslint/js';
import boundaries from 'eslint-plugin-boundaries';
import { defineConfig } from 'eslint/config';
import tseslint from 'typescript-eslint';

const features = [
  'auth',
  'tls',
  'contents',
  'kernels',
  'sessions',
  'documents',
  'terminals',
  'events',
  'export',
  'pages',
  'render',
  'javascript-kernel',
];
// The single files in src/ (http-error, listeners, log, message-of, package-files, process-resources, socket-traffic, wire-signature, zip-name) are
// free for all but the pure folders.
const everyone = ['protocol', 'notebook', 'config'];
/** One line of the map: `from` may import itself and `to`. */
const mayImport = (from, to) => ({
  from: { element: { type: from } },
  allow: { to: { element: { types: { anyOf: [from, ...to] } } } },
});
const feature = (from, to = []) => mayImport(from, [...everyone, ...to]);

/** What Node gives to the scripts that are not TypeScript. */
const globals = Object.fromEntries(
  [
    'Buffer',
    'TextDecoder',
    'URL',
    'console',
    'exports',
    'module',
    'fetch',
    'performance',
    'process',
    'require',
    'setTimeout',
    'clearTimeout',
    'setInterval',
    'clearInterval',
  ].map((name) => [name, 'readonly']),
);

export default defineConfig(
  {
    ignores: [
      'dist/',
      'dist.new/',
      'node_modules/',
      'coverage/',
      'test/consumer/',
      'test-results/',
      'src/notebook/schemas/validators.js',
    ],
  },
  js.configs.recommended,
  { files: ['scripts/**', 'test/bench/**', '**/*.mjs', '**/*.cjs'], languageOptions: { globals } },
  {
    files: ['**/*.{ts,tsx}'],
    extends: [tseslint.configs.recommendedTypeChecked],
    languageOptions: { parserOptions: { projectService: true, tsconfigRootDir: import.meta.dirname } },
    rules: {
      '@typescript-eslint/no-floating-promises': 'error',
      '@typescript-eslint/no-explicit-any': 'error',
      '@typescript-eslint/no-unused-vars': ['error', { argsIgnorePattern: '^_', varsIgnorePattern: '^_' }],
      '@typescript-eslint/restrict-template-expressions': 'off',
      '@typescript-eslint/no-unsafe-argument': 'error',
      '@typescript-eslint/require-await': 'off',
      '@typescript-eslint/unbound-method': 'off',
      'no-restricted-imports': 'off',
      'no-control-regex': 'off',
    },
  },
  {
    files: ['src/**/*.ts', 'static/**/*.{ts,tsx}'],
    plugins: { boundaries },
    settings: {
      'import/resolver': { [`${import.meta.dirname}/scripts/eslint-resolver.cjs`]: {} },
      'boundaries/elements': [
        ...['commands', 'config', 'server', 'notebook', 'protocol', ...features].map((name) => ({
          type: name,
          pattern: `src/${name}`,
        })),
        { type: 'static', pattern: 'static' },
      ],
    },
    rules: {
      'boundaries/dependencies': [
        'error',
        {
          default: 'disallow',
          policies: [
            feature('commands', [...features, 'server']),
            feature('server', features),
            mayImport('config', []),
            feature('auth'),
            feature('tls'),
            feature('contents'),
            feature('kernels'),
            feature('sessions', ['kernels', 'contents']),
            feature('documents', ['contents', 'kernels', 'sessions']),
            feature('terminals'),
            feature('events'),
            feature('export', ['render']),
            feature('pages', ['contents', 'kernels', 'sessions', 'render']),
            mayImport('notebook', []),
            mayImport('protocol', ['notebook']),
            mayImport('render', ['notebook']),
            feature('javascript-kernel'),
            mayImport('static', ['notebook', 'protocol', 'render']),
          ],
        },
      ],
    },
  },
  {
    // Pure folders run in the browser too: no Node, and nothing of ours that needs it.
    files: ['src/{notebook,protocol,render}/**/*.ts', 'static/**/*.{ts,tsx}'],
    rules: {
      'no-restricted-imports': [
        'error',
        {
          patterns: [
            'node:*',
            '**/listeners.js',
            '**/log.js',
            '**/package-files.js',
            '**/wire-signature.js',
            '**/http-error.js',
            '**/request-body.js',
            '**/socket-traffic.js',
            '**/websocket-text.js',
          ],
        },
      ],
    },
  },
);
