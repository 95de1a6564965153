const base = require('@jupyterlab/testutils/lib/jest-config')(__dirname);

module.exports = {
  ...base,
  // The report goes to the terminal alone; nothing is left behind.
  reporters: ['default'],
  rootDir: __dirname,
  roots: ['<rootDir>/labextension/src'],
  testEnvironment: '<rootDir>/labextension/jest-environment.js',
  testRegex: '/__tests__/.*\\.spec\\.tsx?$',
  transform: {
    ...base.transform,
    '^.+\\.tsx?$': [
      'ts-jest/legacy',
      { tsconfig: 'labextension/tsconfig.test.json' }
    ]
  },
  transformIgnorePatterns: [
    '/node_modules/(?!(@codemirror|@jupyter|@jupyterlab|@marijn|@microsoft|color|exenv-es6|lib0|marked|nanoid|vscode-ws-jsonrpc|y-protocols|y-websocket|yjs)/).+'
  ]
};
