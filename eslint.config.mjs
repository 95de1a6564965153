import jupyter from '@jupyter/eslint-plugin';
import prettier from 'eslint-config-prettier';
import globals from 'globals';
import tseslint from 'typescript-eslint';

export default tseslint.config(
  {
    ignores: [
      '**/node_modules/**',
      '**/lib/**',
      '**/*.d.ts',
      // Generated from dlaas.model.
      'labextension/src/schema.ts'
    ]
  },
  {
    files: ['labextension/src/**/*.{ts,tsx}'],
    extends: [...tseslint.configs.recommended, prettier],
    plugins: { jupyter },
    languageOptions: {
      globals: { ...globals.browser },
      parserOptions: { project: 'labextension/tsconfig.test.json' }
    },
    rules: {
      ...jupyter.configs.recommended[0].rules,
      '@typescript-eslint/naming-convention': [
        'error',
        {
          selector: 'interface',
          format: ['PascalCase'],
          custom: { regex: '^I[A-Z]', match: true }
        }
      ],
      '@typescript-eslint/no-explicit-any': 'error',
      '@typescript-eslint/no-floating-promises': 'error',
      '@typescript-eslint/no-unused-vars': ['error', { args: 'none' }],
      curly: ['error', 'all'],
      eqeqeq: 'error',
      'prefer-arrow-callback': 'error',
      // As JupyterLab itself has its options and commands.
      '@typescript-eslint/no-namespace': 'off',
      // A module of the panel is small; the panel is shown with the application.
      'jupyter/prefer-lazy-imports': 'off'
    }
  },
  {
    files: ['labextension/src/**/__tests__/**'],
    extends: [tseslint.configs.recommended],
    languageOptions: { globals: { ...globals.jest } },
    rules: {
      'jupyter/command-described-by': 'off',
      'jupyter/no-untranslated-string': 'off',
      'jupyter/require-disposable-ownership': 'off'
    }
  }
);
