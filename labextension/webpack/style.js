const WORDS = Object.entries(require('./words.json'));

/**
 * A style sheet as a <style> element, in place of css-loader: it and style-loader would add 5 kB for what we do not use.
 *
 * What nearly every rule says is sent as one letter: 5 kB less again, as Jupyter's server compresses nothing.
 */
module.exports = function (sheet) {
  if (WORDS.some(([letter]) => sheet.includes(letter))) {
    throw Error('A style sheet uses a letter of webpack/words.json');
  }
  const short = WORDS.reduce(
    (text, [letter, word]) => text.replaceAll(word, letter),
    sheet
  );
  const path = JSON.stringify(require.resolve('./addStyle.js'));
  return `import { addStyle } from ${path};\naddStyle(${JSON.stringify(short)});`;
};
