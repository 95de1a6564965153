import words from './words.json';

/**
 * Add a style sheet to the page, with its words written out.
 */
export function addStyle(sheet) {
  const style = document.createElement('style');
  style.textContent = sheet.replace(/[$?^|`]/g, letter => words[letter]);
  document.head.append(style);
}
