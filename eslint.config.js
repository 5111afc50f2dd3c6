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
const allow = (from, to) => ({ from, allow: [...everyone, from, ...to] });

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
        { type: 'main', mode: 'full', pattern: 'src/main.ts' },
        { type: 'index', mode: 'full', pattern: 'src/index.ts' },
        { type: 'http-error', mode: 'full', pattern: 'src/http-error.ts' },
        { type: 'package-files', mode: 'full', pattern: 'src/package-files.ts' },
        { type: 'log', mode: 'full', pattern: 'src/log.ts' },
        { type: 'wire-signature', mode: 'full', pattern: 'src/wire-signature.ts' },
        ...['commands', 'config', 'server', 'notebook', 'protocol', ...features].map((name) => ({
          type: name,
          pattern: `src/${name}`,
        })),
        { type: 'static', pattern: 'static' },
      ],
    },
    rules: {
      'boundaries/element-types': [
        'error',
        {
          default: 'disallow',
          message:
            '${file.type} may not import ${dependency.type} (docs/architecture.md, "Who may import whom")',
          rules: [
            allow('main', ['commands']),
            allow('index', ['server', 'auth', 'contents']),
            allow('commands', [...features, 'server']),
            allow('server', [...features, 'wire-signature']),
            { from: 'config', allow: ['config', 'http-error', 'package-files'] },
            allow('auth', []),
            allow('tls', []),
            allow('contents', []),
            allow('kernels', ['wire-signature']),
            allow('sessions', ['kernels', 'contents']),
            allow('documents', ['contents', 'kernels', 'sessions']),
            allow('pages', ['contents', 'kernels', 'sessions', 'render']),
            { from: 'notebook', allow: ['notebook'] },
            { from: 'protocol', allow: ['protocol', 'notebook'] },
            { from: 'render', allow: ['render', 'notebook'] },
            allow('javascript-kernel', ['wire-signature']),
            { from: 'static', allow: ['static', 'notebook', 'protocol', 'render'] },
          ],
        },
      ],
    },
  },
);
