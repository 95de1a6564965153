const Base = require('@jupyterlab/testing/lib/jest-env').default;

/**
 * JupyterLab's browser stand-in, with the streams and signals that a browser has and jsdom lacks.
 */
module.exports = class extends Base {
  constructor(...args) {
    super(...args);
    Object.assign(this.global, {
      AbortController,
      AbortSignal,
      ReadableStream,
      TextDecoder,
      TextEncoder,
      Uint8Array
    });
    // Without it JupyterLab warns in every test.
    Object.defineProperty(this.global.navigator, 'clipboard', { value: {} });
  }
};
