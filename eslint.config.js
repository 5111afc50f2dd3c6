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
  'pages',
  'render',
  'javascript-kernel',
];
const everyone = ['http-error', 'package-files', 'log', 'protocol', 'notebook', 'config'];
/** One line of the map: `from` may import itself and `to`. */
const mayImport = (from, to) => ({
  from: { element: { type: from } },
  allow: { to: { element: { types: { anyOf: [from, ...to] } } } },
});
const feature = (from, to = []) => mayImport(from, [...everyone, ...to]);

export default defineConfig(
  { ignores: ['dist/', 'node_modules/', 'coverage/', 'test/consumer/', 'test-results/'] },
  js.configs.recommended,
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
      'import/resolver': { typescript: { alwaysTryTypes: true } },
      'boundaries/elements': [
        { type: 'main', partialMatch: false, pattern: 'src/main.ts' },
        { type: 'index', partialMatch: false, pattern: 'src/index.ts' },
        { type: 'http-error', partialMatch: false, pattern: 'src/http-error.ts' },
        { type: 'package-files', partialMatch: false, pattern: 'src/package-files.ts' },
        { type: 'log', partialMatch: false, pattern: 'src/log.ts' },
        { type: 'wire-signature', partialMatch: false, pattern: 'src/wire-signature.ts' },
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
            feature('main', ['commands']),
            feature('index', ['server', 'auth', 'contents']),
            feature('commands', [...features, 'server']),
            feature('server', [...features, 'wire-signature']),
            mayImport('config', ['http-error', 'package-files']),
            feature('auth'),
            feature('tls'),
            feature('contents'),
            feature('kernels', ['wire-signature']),
            feature('sessions', ['kernels', 'contents']),
            feature('documents', ['contents', 'kernels', 'sessions']),
            feature('pages', ['contents', 'kernels', 'sessions', 'render']),
            mayImport('notebook', []),
            mayImport('protocol', ['notebook']),
            mayImport('render', ['notebook']),
            feature('javascript-kernel', ['wire-signature']),
            mayImport('static', ['notebook', 'protocol', 'render']),
          ],
        },
      ],
    },
  },
);
