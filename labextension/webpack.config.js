const { SwcJsMinimizerRspackPlugin } = require('@rspack/core');

// What keeps the panel small, beyond what JupyterLab's builder does by itself.
module.exports = {
  target: ['web', 'es2022'],
  resolveLoader: {
    // The loaders that JupyterLab's builder names.
    alias: {
      'css-loader$': require.resolve('./webpack/style.js'),
      'style-loader$': require.resolve('./webpack/asIs.js')
    }
  },
  module: {
    rules: [
      {
        test: /\.css$/,
        loader: 'builtin:lightningcss-loader',
        options: {
          minify: true,
          // What knows color-mix() needs nothing written in an older way.
          targets: 'chrome 111, firefox 113, safari 16.2'
        }
      },
      {
        test: /\.js$/,
        include: `${__dirname}/lib`,
        loader: require.resolve('./webpack/elements.js')
      }
    ]
  },
  optimization: {
    mangleExports: 'size',
    minimizer: [
      new SwcJsMinimizerRspackPlugin({
        minimizerOptions: {
          // A name with _ in front is private, by our style and by the linter; JupyterLab's own are never used.
          // Not those of two letters or less: JupyterLab's translations have _n and _np.
          mangle: { props: { regex: '^_[a-z][A-Za-z]{2}' } },
          compress: { passes: 3, ecma: 2022, unsafe_arrows: true },
          format: { comments: false }
        }
      })
    ]
  }
};
